-- What operators do about dead letters: look, repair, resubmit, discard; and who did it when.
ALTER TABLE messaging.dead_letters
    DROP COLUMN id,
    DROP CONSTRAINT dead_letters_status_check,
    ADD COLUMN id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ADD COLUMN sequence_key text, -- whose head it was; none for a record that no one could read
    ADD COLUMN place bigint, -- its id among the parked events, which it gets back, so that it stays before its followers
    ADD COLUMN resubmissions integer NOT NULL DEFAULT 0,
    ADD COLUMN repairs uuid REFERENCES messaging.dead_letters, -- of which letter it is the edited copy
    -- A resubmitted letter ends as handled, or is dead again. A repaired one is replaced by its edited copy.
    ADD CONSTRAINT dead_letters_status_check CHECK (status IN ('dead', 'resubmitted', 'handled', 'repaired', 'discarded'));

-- The id keeps its default for the instances of the release before, which may still run. What they bury has no place; what has died before this
-- gets one below that of every follower.
UPDATE messaging.dead_letters AS letter
SET sequence_key = convert_from(letter.key, 'UTF8'), place = -heads.number
FROM (SELECT id, row_number() OVER (ORDER BY died_at, id) AS number FROM messaging.dead_letters WHERE event_id IS NOT NULL) AS heads
WHERE letter.id = heads.id;

CREATE INDEX dead_letters_age ON messaging.dead_letters (consumer_group, died_at, id);

-- The letter that a parked event was resubmitted from.
ALTER TABLE messaging.parked_events ADD COLUMN dead_letter uuid REFERENCES messaging.dead_letters;

CREATE TABLE messaging.dead_letter_audit (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dead_letter uuid        NOT NULL REFERENCES messaging.dead_letters,
    action      text        NOT NULL CHECK (action IN ('resubmitted', 'edited', 'discarded')),
    operator    text        NOT NULL,
    request_id  text,
    at          timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX dead_letter_audit_letter ON messaging.dead_letter_audit (dead_letter, id);
