package import EventContracts
package import Postgres

/// What a service does about one type of event, for a batch at a time, in the transaction that marks the batch as handled.
///
/// Guarantee to the handler: it meets each event once as far as its effects are concerned (a repeat, or a batch that was rolled back,
/// leaves nothing behind), and one key's events of one topic in their order. Throwing rolls the batch back; it is then tried in parts until
/// the event at fault is found, and only that event's sequence waits.
package protocol EventHandler: Sendable {
    associatedtype Handled: Event

    /// Handles new events, in the order in which they were published.
    ///
    /// - Returns: Those that cannot be handled before something else has arrived; the handler has done nothing about them. Within a
    ///   transaction it may be called again with some of them, after the lock of their gates was taken.
    func handle(_ events: [EventEnvelope<Handled>], in transaction: borrowing Transaction) async throws -> [WaitingEvent]
}

/// An event that cannot be handled before its gate opens.
package struct WaitingEvent: Sendable, Hashable {
    package let event: EventID
    package let gate: Gate

    package init(_ event: EventID, for gate: Gate) {
        self.event = event
        self.gate = gate
    }
}

/// A condition that another event will bring about: "the account of this user exists".
///
/// Whoever brings it about calls ``ParkedSequences/open(_:in:)`` in the same transaction, which wakes what waits.
package struct Gate: Sendable, Hashable, RawRepresentable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// - Parameters:
    ///   - kind: What has to exist: "account".
    ///   - id: Whose.
    package init(_ kind: StaticString, _ id: some TypedID) {
        rawValue = "\(kind):\(id)"
    }
}
