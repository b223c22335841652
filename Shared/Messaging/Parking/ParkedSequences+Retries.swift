import Postgres

extension ParkedSequences {
    /// The sequence is empty: its events flow again.
    func unpark(_ sequence: EventSequence) -> SQL {
        """
        DELETE FROM messaging.parked_sequences
        WHERE consumer_group = \(group) AND topic = \(sequence.topic) AND key = \(sequence.key)
        """
    }

    /// Not tried, for reasons that are not the event's: later again, without counting an attempt.
    func postpone(_ sequence: EventSequence, by pause: Duration) -> SQL {
        """
        UPDATE messaging.parked_sequences SET next_attempt_at = now() + \(pause.wholeMilliseconds) * interval '1 millisecond'
        WHERE consumer_group = \(group) AND topic = \(sequence.topic) AND key = \(sequence.key) AND state <> 'dead'
        """
    }

    /// The head was handled; the next one starts with a clean slate.
    func next(_ sequence: EventSequence) -> SQL {
        """
        UPDATE messaging.parked_sequences
        SET state = 'retrying', gate = NULL, attempts = 0, last_error = NULL, parked_at = now(), next_attempt_at = now()
        WHERE consumer_group = \(group) AND topic = \(sequence.topic) AND key = \(sequence.key)
        """
    }

    /// The gate is still closed. It is the gate's opening that wakes the sequence; the growing pause is for the case that nobody does.
    /// While a sequence waits, its attempts count looks; failures are counted from the beginning again.
    func stillWaiting(_ sequence: EventSequence, for gate: Gate, pause: Duration, longest: Duration) -> SQL {
        """
        UPDATE messaging.parked_sequences
        SET state = 'waiting', gate = \(gate.rawValue), attempts = CASE state WHEN 'waiting' THEN attempts + 1 ELSE 1 END,
            next_attempt_at = now() + least(
                \(pause.wholeMilliseconds) * power(2, CASE state WHEN 'waiting' THEN least(attempts, 16) ELSE 0 END),
                \(longest.wholeMilliseconds)) * interval '1 millisecond'
        WHERE consumer_group = \(group) AND topic = \(sequence.topic) AND key = \(sequence.key)
        """
    }

    /// The head failed for the `attempts`th time; it is tried again after `pause`, or never.
    func failed(_ sequence: EventSequence, attempts: Int, error: String, isDead: Bool, pause: Duration) -> SQL {
        """
        UPDATE messaging.parked_sequences
        SET state = \(isDead ? "dead" : "retrying"), gate = NULL, attempts = \(Int32(attempts)), last_error = \(error),
            next_attempt_at = now() + \(pause.wholeMilliseconds) * interval '1 millisecond'
        WHERE consumer_group = \(group) AND topic = \(sequence.topic) AND key = \(sequence.key)
        """
    }
}
