package import EventContracts
import Postgres

/// Which dead letters are meant. What is left out does not restrict.
package struct DeadLetterFilter: Sendable, Equatable {
    package var status: DeadLetter.Status?
    /// The sequence's key, whole.
    package var key: String?
    /// A part of the error, in any case of letters.
    package var error: String?
    package var topic: String?

    package init(status: DeadLetter.Status? = nil, key: String? = nil, error: String? = nil, topic: String? = nil) {
        self.status = status
        self.key = key
        self.error = error
        self.topic = topic
    }
}

/// Dead letters with the same error.
package struct DeadLetterGroup: Sendable, Equatable {
    package let error: String
    package let count: Int64
    package let oldest: Timestamp
    package let newest: Timestamp
}

/// All SQL about reading dead letters.
struct DeadLetterQueries: Sendable {
    let group: String

    /// With the columns that ``decode(_:)`` reads.
    private static let columns = """
        d.id, d.topic, d.partition, d.record_offset, d.key, d.value, d.header_names, d.header_values, d.event_id, d.event_type, d.attempts, \
        d.status, d.error, d.first_failed_at, d.died_at, d.resubmissions, d.repairs, d.place, d.sequence_key, \
        (SELECT count(*) FROM messaging.parked_events e WHERE d.status = 'dead' AND e.consumer_group = d.consumer_group \
            AND e.topic = d.topic AND e.key = d.sequence_key), \
        (SELECT s.next_attempt_at FROM messaging.parked_sequences s WHERE d.status = 'resubmitted' \
            AND s.consumer_group = d.consumer_group AND s.topic = d.topic AND s.key = d.sequence_key)
        """

    /// Newest first.
    func list(_ filter: DeadLetterFilter, before last: (time: Timestamp, id: DeadLetterID)?, limit: Int) -> SQL {
        """
        SELECT \(unescaped: Self.columns) FROM messaging.dead_letters d
        WHERE d.consumer_group = \(group) AND (\(last == nil) OR (d.died_at, d.id) < (\(last?.time), \(last?.id)))
            AND (\(filter.status)::text IS NULL OR d.status = \(filter.status)) AND (\(filter.key)::text IS NULL OR d.sequence_key = \(filter.key))
            AND (\(filter.topic)::text IS NULL OR d.topic = \(filter.topic))
            AND (\(filter.error)::text IS NULL OR position(lower(\(filter.error)) IN lower(d.error)) > 0)
        ORDER BY d.died_at DESC, d.id DESC LIMIT \(Int64(limit))
        """
    }

    /// The same letters by their error, the most frequent first.
    func groups(_ filter: DeadLetterFilter, limit: Int) -> SQL {
        """
        SELECT d.error, count(*), min(d.died_at), max(d.died_at) FROM messaging.dead_letters d
        WHERE d.consumer_group = \(group)
            AND (\(filter.status)::text IS NULL OR d.status = \(filter.status)) AND (\(filter.key)::text IS NULL OR d.sequence_key = \(filter.key))
            AND (\(filter.topic)::text IS NULL OR d.topic = \(filter.topic))
            AND (\(filter.error)::text IS NULL OR position(lower(\(filter.error)) IN lower(d.error)) > 0)
        GROUP BY d.error ORDER BY count(*) DESC, d.error LIMIT \(Int64(limit))
        """
    }

    /// The letters that may be resubmitted, the oldest first, after `last`.
    func dead(_ filter: DeadLetterFilter, after last: (time: Timestamp, id: DeadLetterID)?, limit: Int) -> SQL {
        """
        SELECT \(unescaped: Self.columns) FROM messaging.dead_letters d
        WHERE d.consumer_group = \(group) AND d.status = 'dead' AND d.resubmissions < \(Int64(MessageHospital.maximumResubmissions))
            AND (\(last == nil) OR (d.died_at, d.id) > (\(last?.time), \(last?.id)))
            AND (\(filter.key)::text IS NULL OR d.sequence_key = \(filter.key)) AND (\(filter.topic)::text IS NULL OR d.topic = \(filter.topic))
            AND (\(filter.error)::text IS NULL OR position(lower(\(filter.error)) IN lower(d.error)) > 0)
        ORDER BY d.died_at, d.id LIMIT \(Int64(limit))
        """
    }

    func find(_ id: DeadLetterID) -> SQL {
        "SELECT \(unescaped: Self.columns) FROM messaging.dead_letters d WHERE d.consumer_group = \(group) AND d.id = \(id)"
    }

    /// The letter, locked to the end of the transaction.
    func locked(_ id: DeadLetterID) -> SQL {
        """
        SELECT \(unescaped: Self.columns) FROM messaging.dead_letters d
        WHERE d.consumer_group = \(group) AND d.id = \(id) FOR UPDATE OF d
        """
    }

    func history(of id: DeadLetterID) -> SQL {
        "SELECT action, operator, request_id, at FROM messaging.dead_letter_audit WHERE dead_letter = \(id) ORDER BY id"
    }

    static func decode(_ rows: PostgresRows) throws -> [DeadLetter] {
        var letters: [DeadLetter] = []
        for row in rows {
            let (
                id, topic, partition, offset, key, value, names, values, eventID, eventType, attempts, status, error, first, died,
                resubmissions, repairs, place, sequenceKey, behind, next
            ) = try row.decode(
                DeadLetterID.self,
                String.self,
                Int32.self,
                Int64.self,
                [UInt8]?.self,
                [UInt8]?.self,
                [String].self,
                [[UInt8]].self,
                EventID?.self,
                String?.self,
                Int32.self,
                DeadLetter.Status.self,
                String.self,
                Timestamp.self,
                Timestamp.self,
                Int32.self,
                DeadLetterID?.self,
                Int64?.self,
                String?.self,
                Int64.self,
                Timestamp?.self
            )
            letters.append(
                DeadLetter(
                    id: id,
                    topic: topic,
                    partition: partition,
                    offset: offset,
                    key: key,
                    value: value,
                    headers: zip(names, values).map { (name: $0, value: $1) },
                    eventID: eventID,
                    eventType: eventType,
                    attempts: Int(attempts),
                    status: status,
                    error: error,
                    firstFailedAt: first,
                    diedAt: died,
                    resubmissions: Int(resubmissions),
                    repairs: repairs,
                    parkedBehind: behind,
                    nextAttemptAt: next,
                    place: place,
                    sequenceKey: sequenceKey
                )
            )
        }
        return letters
    }
}
