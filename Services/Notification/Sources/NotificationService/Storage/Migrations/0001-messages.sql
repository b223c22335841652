-- The address book: a copy of what the order service tells about its users.
CREATE TABLE recipients (
    user_id  uuid PRIMARY KEY,
    email    text NOT NULL,
    name     text NOT NULL
);

CREATE TABLE messages (
    id              uuid        PRIMARY KEY, -- UUIDv7: newest first is id DESC
    user_id         uuid        NOT NULL,
    order_id        uuid,
    kind            text        NOT NULL CHECK (kind IN ('happy', 'sad', 'refund', 'welcome', 'direct')),
    recipient       text        NOT NULL,
    recipient_name  text        NOT NULL,
    subject         text        NOT NULL,
    body            text        NOT NULL,
    html            text        NOT NULL,
    status          text        NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed')),
    attempts        integer     NOT NULL DEFAULT 0,
    last_error      text,
    cause_id        text, -- the event or request that led to it, and its trace
    traceparent     text,
    created_at      timestamptz NOT NULL,
    sent_at         timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT now(), -- while a mail is being sent: when its claim ends
    CHECK ((status = 'sent') = (sent_at IS NOT NULL))
) WITH (fillfactor = 70); -- a message is updated at least twice

-- Exactly one happy or sad letter per order, and one welcome per user, whatever is delivered.
CREATE UNIQUE INDEX messages_verdict ON messages (order_id) WHERE kind IN ('happy', 'sad');
CREATE UNIQUE INDEX messages_refund ON messages (order_id) WHERE kind = 'refund';
CREATE UNIQUE INDEX messages_welcome ON messages (user_id) WHERE kind = 'welcome';

CREATE INDEX messages_queue ON messages (next_attempt_at, id) WHERE status = 'queued';
CREATE INDEX messages_of_user ON messages (user_id, id DESC);
CREATE INDEX messages_of_order ON messages (order_id, id DESC) WHERE order_id IS NOT NULL;
