-- From our relay to Debezium, in each database, by an administrator (the connectors' role may not read the tables): psql -d order -f slot.sql
-- From here on the server keeps the log for the connector; whatever was committed before is our relay's to publish. So go on (stop our relay)
-- when `published_up_to` has reached the `publish_up_to` that was printed first.
SELECT pg_create_logical_replication_slot('debezium_' || current_database(), 'pgoutput')
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'debezium_' || current_database());
SELECT coalesce(max(id), 0) AS publish_up_to, (SELECT position FROM messaging.relay) AS published_up_to FROM messaging.events;
