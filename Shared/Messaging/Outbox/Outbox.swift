package import EventContracts
package import Postgres

/// Writes events beside the state that they tell of, in the same transaction; the relay publishes them later.
///
/// Guarantee: an event is published if and only if the transaction that appended it was committed.
///
/// The relay's proof that no event is skipped asks that a transaction **has its transaction id before it draws event ids**. `append` sees
/// to that itself: the statement before the insert assigns the id. The caller's part is to hold the lock of the aggregate's row (or to have
/// inserted it) until the commit, which gives one aggregate's events the order of its changes.
package struct Outbox: Sendable {
    /// The channel on which every append is announced to relays in other processes.
    package static let channel = "messaging_events"

    private let relayWakeUp: Signal

    /// - Parameter relayWakeUp: Notified after each commit, so that a relay in this process need not wait for the database's notification.
    package init(relayWakeUp: Signal) {
        self.relayWakeUp = relayWakeUp
    }

    /// Appends one event.
    package func append(_ event: some Event, causedBy cause: Cause, in transaction: borrowing Transaction) {
        append([EncodedEvent(event, causedBy: cause.id, trace: cause.trace)], in: transaction)
    }

    /// Appends events in their order. Nothing is sent before the transaction's next round trip or its commit.
    package func append(_ events: [EncodedEvent], in transaction: borrowing Transaction) {
        guard !events.isEmpty else { return }
        transaction.enqueue("SELECT pg_current_xact_id(), pg_notify(\(Self.channel), '')")
        transaction.enqueue(Self.insert(events))
        transaction.onCommit { [relayWakeUp] in relayWakeUp.notify() }
    }

    /// One statement for any number of events: rows are numbered in the order of the arrays.
    private static func insert(_ events: [EncodedEvent]) -> SQL {
        let columns = EventColumns(events)
        return """
            INSERT INTO messaging.events
                (event_id, topic, type, key, source, time, subject, data_schema, correlation_id, causation_id, traceparent, payload)
            SELECT * FROM unnest(
                \(columns.ids), \(columns.topics), \(columns.types), \(columns.keys), \(columns.sources), \(columns.times),
                \(columns.subjects), \(columns.schemas), \(columns.correlations), \(columns.causations), \(columns.traces),
                \(columns.payloads))
            """
    }
}
