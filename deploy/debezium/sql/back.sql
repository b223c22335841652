-- From Debezium to our relay, in each database, by its owner: psql -d order -v repeat='10 minutes' -f back.sql
-- Run it when the connector is stopped, and before the services are restarted with RELAY=builtin. Our relay begins with the events of the
-- last `repeat`, so that must be longer than the connector was behind when it was stopped, than it has been stopped since, and than any
-- transaction took. What Debezium has published already comes a second time; the consumers drop it.
UPDATE messaging.relay
SET position = greatest(position, coalesce(
        (SELECT min(id) - 1 FROM messaging.events WHERE created_at > now() - :'repeat'::interval),
        (SELECT max(id) FROM messaging.events),
        0)),
    updated_at = clock_timestamp();
