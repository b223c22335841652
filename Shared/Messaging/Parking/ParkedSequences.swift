import EventContracts
import Kafka
package import Postgres

/// Where events wait, in Postgres and in order, without holding up any other sequence.
///
/// While a sequence has a row here, the consumer adds every further event of it behind those that wait. The row is locked by whoever
/// touches the sequence (`FOR UPDATE`), so the consumer and the retries of any instance take turns.
package struct ParkedSequences: Sendable {
    let group: String
    private let retriesWakeUp: Signal

    /// - Parameters:
    ///   - group: The consumer group.
    ///   - retriesWakeUp: Notified when a gate opened or something was parked.
    package init(group: String, retriesWakeUp: Signal) {
        self.group = group
        self.retriesWakeUp = retriesWakeUp
    }

    /// Opens gates: what waits for them is tried at once, after this transaction's commit.
    ///
    /// Takes the gates' locks until the commit. A handler that finds a gate closed looks again under the same lock before it parks; so
    /// either it sees what this transaction did, or this transaction sees what it parked, and no wake-up is lost.
    package func open(_ gates: [Gate], in transaction: borrowing Transaction) {
        guard !gates.isEmpty else { return }
        // The rows first and then the gates, as one who waits has them; the other way round the two could wait for each other.
        transaction.enqueue(
            """
            SELECT 1 FROM messaging.parked_sequences
            WHERE consumer_group = \(group) AND gate = ANY(\(gates.map(\.rawValue))) ORDER BY topic, key FOR UPDATE
            """
        )
        transaction.enqueue(Self.lock(gates))
        transaction.enqueue(
            """
            UPDATE messaging.parked_sequences SET next_attempt_at = now()
            WHERE consumer_group = \(group) AND gate = ANY(\(gates.map(\.rawValue)))
            """
        )
        transaction.onCommit { [retriesWakeUp] in retriesWakeUp.notify() }
    }

    /// Locks gates to the end of the transaction, in one order for everybody.
    static func lock(_ gates: [Gate]) -> SQL {
        """
        SELECT count(pg_advisory_xact_lock(number))
        FROM (SELECT DISTINCT hashtextextended(gate, 7) AS number FROM unnest(\(gates.map(\.rawValue))) AS gate ORDER BY number) AS numbers
        """
    }

    /// Those of `sequences` that are parked, locked to the end of the transaction.
    func locked(_ sequences: Set<EventSequence>) -> SQL {
        let ordered = sequences.sorted { ($0.topic, $0.key) < ($1.topic, $1.key) }
        return """
            SELECT topic, key FROM messaging.parked_sequences
            WHERE consumer_group = \(group)
                AND (topic, key) IN (SELECT * FROM unnest(\(ordered.map(\.topic)), \(ordered.map(\.key))))
            ORDER BY topic, key FOR UPDATE
            """
    }

    /// Why a sequence is parked.
    enum Reason: Sendable {
        case waiting(Gate)
        /// As `waiting`, but found so by a transaction that is over, and the gate's lock with it: it may have opened since, so the sequence
        /// is due at once.
        case overtaken(Gate)
        case failed(String)
    }

    /// Parks events in their order; sequences that are not parked yet begin with `reasons`.
    func park(_ deliveries: [Delivery], reasons: [EventSequence: Reason], firstRetry: Duration, in transaction: borrowing Transaction) {
        guard !deliveries.isEmpty else { return }
        for (sequence, reason) in reasons.sorted(by: { ($0.key.topic, $0.key.key) < ($1.key.topic, $1.key.key) }) {
            let (state, gate, error, pause): (String, String?, String?, Duration) =
                switch reason {
                case .waiting(let gate): ("waiting", gate.rawValue, nil, firstRetry)
                case .overtaken(let gate): ("waiting", gate.rawValue, nil, .zero)
                case .failed(let error): ("retrying", nil, error, firstRetry)
                }
            transaction.enqueue(
                """
                INSERT INTO messaging.parked_sequences (consumer_group, topic, key, state, gate, attempts, last_error, next_attempt_at)
                VALUES (\(group), \(sequence.topic), \(sequence.key), \(state), \(gate), 1, \(error),
                    now() + \(pause.wholeMilliseconds) * interval '1 millisecond')
                ON CONFLICT DO NOTHING
                """
            )
        }
        for delivery in deliveries {
            let (record, sequence) = (delivery.record, delivery.sequence)
            transaction.enqueue(
                """
                INSERT INTO messaging.parked_events
                    (consumer_group, topic, key, event_id, partition, record_offset, value, header_names, header_values)
                VALUES (\(group), \(sequence.topic), \(sequence.key), \(delivery.id.uuid), \(record.partition), \(record.offset),
                    \(record.value ?? []), \(record.headers.map(\.name)),
                    \(record.headers.map { String(decoding: $0.value, as: UTF8.self) }))
                """
            )
        }
        transaction.onCommit { [retriesWakeUp] in retriesWakeUp.notify() }
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
