-- What happened to accounts: the source of truth. Append-only. A fact is (account, version); the unique key lets an order be decided once.
CREATE TABLE account_facts (
    stream         uuid        NOT NULL,
    version        bigint      NOT NULL CHECK (version > 0),
    id             uuid        NOT NULL,
    kind           text        NOT NULL,
    schema_version integer     NOT NULL,
    payload        text        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    unique_key     uuid        UNIQUE,
    PRIMARY KEY (stream, version)
);

-- The state of every account as of its latest fact: a projection, kept in the same transaction, that can be dropped and rebuilt.
-- It is also the snapshot from which decisions start, so no command replays a stream.
CREATE TABLE accounts (
    user_id   uuid        PRIMARY KEY,
    currency  text        NOT NULL,
    balance   bigint      NOT NULL CHECK (balance >= 0), -- minor units
    status    text        NOT NULL CHECK (status IN ('open', 'closed')),
    version   bigint      NOT NULL,
    opened_at timestamptz NOT NULL
) WITH (fillfactor = 60); -- every payment updates its row
