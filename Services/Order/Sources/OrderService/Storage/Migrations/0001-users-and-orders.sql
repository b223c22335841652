CREATE TABLE users (
    id         uuid        PRIMARY KEY,
    email      text        NOT NULL,
    name       text        NOT NULL,
    currency   text        NOT NULL,
    created_at timestamptz NOT NULL
);

-- One registration per mailbox, however it is capitalised.
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE orders (
    id         uuid        PRIMARY KEY, -- UUIDv7: newest first is id DESC
    user_id    uuid        NOT NULL REFERENCES users,
    amount     bigint      NOT NULL CHECK (amount > 0), -- minor units
    currency   text        NOT NULL,
    items      text        NOT NULL, -- JSON, as it was ordered
    status     text        NOT NULL CHECK (status IN ('pending', 'confirmed', 'rejected', 'cancelling', 'cancelled')),
    reason     text,
    payment_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL,
    CHECK ((status = 'rejected') = (reason IS NOT NULL))
) WITH (fillfactor = 80); -- an order is updated once or twice

CREATE INDEX orders_of_user ON orders (user_id, id DESC);
CREATE INDEX orders_by_status ON orders (status, id DESC);
