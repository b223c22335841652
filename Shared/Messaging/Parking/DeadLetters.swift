import EventContracts
import Kafka
import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Keeps what was given up, with its bytes and the reason, until an operator decides.
struct DeadLetters: Sendable {
    let group: String

    /// A record that nobody can read. The same record is buried once, however often it is delivered.
    func bury(_ record: ConsumedRecord, error: String) -> SQL {
        let event: UUID? = nil
        let type: String? = nil
        return """
            INSERT INTO messaging.dead_letters
                (id, consumer_group, topic, partition, record_offset, key, value, header_names, header_values, event_id, event_type,
                 attempts, error, first_failed_at)
            VALUES (\(DeadLetterID()), \(group), \(record.topic), \(record.partition), \(record.offset), \(record.key), \(record.value),
                \(record.headers.map(\.name)), \(record.headers.map(\.value)), \(event), \(type), 1, \(error), now())
            ON CONFLICT DO NOTHING
            """
    }

    /// The head of a parked sequence that was tried often enough. One that was resubmitted is the dead letter that it was before.
    func bury(parkedEvent id: Int64, attempts: Int, error: String) -> [SQL] {
        [
            """
            UPDATE messaging.dead_letters AS letter
            SET status = 'dead', attempts = letter.attempts + \(Int64(attempts)), error = \(error), died_at = now(), place = event.id
            FROM messaging.parked_events AS event WHERE event.id = \(id) AND letter.id = event.dead_letter
            """,
            """
            INSERT INTO messaging.dead_letters
                (id, consumer_group, topic, partition, record_offset, key, value, header_names, header_values, event_id, event_type,
                 attempts, error, first_failed_at, sequence_key, place)
            SELECT \(DeadLetterID()), consumer_group, topic, partition, record_offset, convert_to(key, 'UTF8'), value, header_names,
                (SELECT array_agg(convert_to(text, 'UTF8') ORDER BY place)
                 FROM unnest(header_values) WITH ORDINALITY AS header (text, place)),
                event_id, header_values[array_position(header_names, \(EventHeaderName.type))], \(Int64(attempts)), \(error), parked_at,
                key, id
            FROM messaging.parked_events WHERE id = \(id) AND dead_letter IS NULL
            """,
        ]
    }

    /// A parked event was handled; if it was resubmitted, that was the cure.
    func cure(parkedEvent id: Int64) -> SQL {
        """
        UPDATE messaging.dead_letters SET status = 'handled'
        WHERE id = (SELECT dead_letter FROM messaging.parked_events WHERE id = \(id))
        """
    }
}
