-- What Debezium needs to be the relay instead of ours (deploy/debezium). It costs nothing where nobody subscribes, and asks for no more rights
-- than the schema did. New rows only: the rows of dropped partitions are no events. Partitions are published under the table's own name, so
-- that the connector knows one table, now and in the weeks to come.
CREATE PUBLICATION messaging_events FOR TABLE messaging.events WITH (publish = 'insert', publish_via_partition_root = true);

-- Every event has all its headers, whoever publishes it: Debezium's outbox router turns a NULL into a header without a value, where our relay
-- leaves the header out. Rows from before are not looked at (NOT VALID): the log that Debezium reads begins after them.
ALTER TABLE messaging.events
    ADD CONSTRAINT events_headers_complete CHECK (causation_id IS NOT NULL AND traceparent IS NOT NULL) NOT VALID;
