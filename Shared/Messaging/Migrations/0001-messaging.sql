-- The same tables in every service's database: the outbox, the relay's place in it, the inbox, what waits and what failed.
CREATE SCHEMA messaging;

-- The outbox. Append-only: no row is ever updated or deleted, so nothing bloats; old partitions are dropped whole.
-- The columns are the CloudEvents attributes, so that a change-data-capture outbox router can publish them as headers without parsing.
-- CACHE 1 keeps the order of ids the order in which they were drawn, whichever session draws them.
CREATE SEQUENCE messaging.events_id_seq AS bigint CACHE 1;

CREATE TABLE messaging.events (
    id             bigint      NOT NULL DEFAULT nextval('messaging.events_id_seq'),
    event_id       uuid        NOT NULL,
    topic          text        NOT NULL,
    type           text        NOT NULL,
    key            text        NOT NULL,
    source         text        NOT NULL,
    time           text        NOT NULL, -- as on the wire: RFC 3339, UTC, milliseconds
    subject        text        NOT NULL,
    data_schema    text        NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text,
    traceparent    text,
    payload        text        NOT NULL, -- the very bytes that are published; jsonb would reorder them
    created_at     timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (created_at);

ALTER SEQUENCE messaging.events_id_seq OWNED BY messaging.events.id;
CREATE INDEX events_id ON messaging.events (id);
CREATE TABLE messaging.events_default PARTITION OF messaging.events DEFAULT;

-- One row: who relays, until when, and how far.
CREATE TABLE messaging.relay (
    singleton        boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    owner            text,
    lease_expires_at timestamptz,
    epoch            bigint      NOT NULL DEFAULT 0,
    position         bigint      NOT NULL DEFAULT 0,
    cluster_id       text,
    end_offsets      jsonb       NOT NULL DEFAULT '{}',
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

INSERT INTO messaging.relay DEFAULT VALUES;

-- What has been handled. Partitioned by the event's own time, which is the head of its UUIDv7: a repeat always meets the row of the first.
CREATE TABLE messaging.inbox (
    consumer_group text        NOT NULL,
    event_id       uuid        NOT NULL,
    handled_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, event_id)
) PARTITION BY RANGE (event_id);

CREATE TABLE messaging.inbox_default PARTITION OF messaging.inbox DEFAULT;

-- A sequence is (group, topic, key). While its row is here, every event of it queues in parked_events, in order.
CREATE TABLE messaging.parked_sequences (
    consumer_group  text        NOT NULL,
    topic           text        NOT NULL,
    key             text        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('waiting', 'retrying', 'dead')),
    gate            text, -- what a waiting sequence waits for
    attempts        integer     NOT NULL DEFAULT 0,
    last_error      text,
    parked_at       timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic, key),
    CHECK ((state = 'waiting') = (gate IS NOT NULL))
);

CREATE INDEX parked_sequences_due ON messaging.parked_sequences (next_attempt_at) WHERE state <> 'dead';
CREATE INDEX parked_sequences_gate ON messaging.parked_sequences (gate) WHERE gate IS NOT NULL;

CREATE TABLE messaging.parked_events (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer_group text        NOT NULL,
    topic          text        NOT NULL,
    key            text        NOT NULL,
    event_id       uuid        NOT NULL,
    partition      integer     NOT NULL,
    record_offset  bigint      NOT NULL,
    value          bytea       NOT NULL,
    header_names   text[]      NOT NULL,
    header_values  text[]      NOT NULL,
    parked_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (consumer_group, topic, key) REFERENCES messaging.parked_sequences
);

CREATE INDEX parked_events_sequence ON messaging.parked_events (consumer_group, topic, key, id);

-- What was given up: the head of a dead sequence, or a record that no one could read, with its bytes.
CREATE TABLE messaging.dead_letters (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer_group  text        NOT NULL,
    topic           text        NOT NULL,
    partition       integer     NOT NULL,
    record_offset   bigint      NOT NULL,
    key             bytea,
    value           bytea,
    header_names    text[]      NOT NULL,
    header_values   bytea[]     NOT NULL,
    event_id        uuid,
    event_type      text,
    attempts        integer     NOT NULL,
    error           text        NOT NULL,
    status          text        NOT NULL DEFAULT 'dead' CHECK (status IN ('dead', 'resubmitted', 'discarded')),
    first_failed_at timestamptz NOT NULL,
    died_at         timestamptz NOT NULL DEFAULT now()
);

-- A record that no one can read is known by its place and its bytes. (A place alone means little after a broker was set up anew.)
CREATE UNIQUE INDEX dead_letters_unreadable ON messaging.dead_letters
    (consumer_group, topic, partition, record_offset, md5(coalesce(value, ''))) WHERE event_id IS NULL;

-- The answers of requests that carried an Idempotency-Key, written with their effect.
CREATE TABLE messaging.idempotency_keys (
    scope       text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      integer     NOT NULL,
    headers     text        NOT NULL,
    body        bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_keys_age ON messaging.idempotency_keys (created_at);

-- The smallest UUIDv7 of an instant (RFC 9562, section 5.7: 48 bits of milliseconds come first).
CREATE FUNCTION messaging.first_uuid_at(instant timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT
    RETURN (lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Makes this week's partitions and those of the weeks ahead. Safe to call at any time, by several at once.
CREATE FUNCTION messaging.ensure_partitions(weeks_ahead integer) RETURNS void
    LANGUAGE plpgsql
    SET lock_timeout = '2s' -- whoever waits for a table's lock makes all others wait; the next call tries again
    AS $$
DECLARE
    week timestamptz;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('messaging.ensure_partitions', 0));
    FOR ahead IN 0 .. weeks_ahead LOOP
        week := date_trunc('week', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + ahead * interval '7 days';
        name := to_char(week AT TIME ZONE 'UTC', 'YYYYMMDD');
        -- Rows of that week in the default partition stand in the way of its own; then they stay where they are, and the next weeks go on.
        BEGIN
            IF to_regclass(format('messaging.events_%s', name)) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE messaging.%I PARTITION OF messaging.events FOR VALUES FROM (%L) TO (%L)',
                    'events_' || name, week, week + interval '7 days');
            END IF;
        EXCEPTION WHEN check_violation THEN
            NULL;
        END;
        BEGIN
            IF to_regclass(format('messaging.inbox_%s', name)) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE messaging.%I PARTITION OF messaging.inbox FOR VALUES FROM (%L) TO (%L)',
                    'inbox_' || name, messaging.first_uuid_at(week), messaging.first_uuid_at(week + interval '7 days'));
            END IF;
        EXCEPTION WHEN check_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

SELECT messaging.ensure_partitions(4);
