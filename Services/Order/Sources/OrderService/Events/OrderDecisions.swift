import EventContracts
import Messaging
import Postgres

/// Collects what a batch decides about locked orders, and writes it at once.
struct OrderDecisions {
    private var orders: [OrderID: Order]
    private var changed: Set<OrderID> = []
    private var events: [EncodedEvent] = []

    init(_ locked: [OrderID: Order]) {
        orders = locked
    }

    /// Applies a transition and keeps its event.
    ///
    /// - Throws: `UnknownOrder` when billing decided about an order that was never placed here; `OrderConflict`.
    mutating func decide<Cause: Event, Outcome: Event>(
        _ id: OrderID,
        because envelope: EventEnvelope<Cause>,
        transition: (inout Order, Timestamp) throws(OrderConflict) -> Outcome?
    ) throws {
        guard var order = orders[id] else { throw UnknownOrder(order: id) }
        guard let outcome = try transition(&order, .now) else { return }
        orders[id] = order
        changed.insert(id)
        let cause = Messaging.Cause(envelope)
        events.append(EncodedEvent(outcome, causedBy: cause.id, trace: cause.trace))
    }

    /// Writes states and events, and tells whoever waits for these orders.
    func write(orders store: OrderStore, outbox: Outbox, changes: OrderChanges, in transaction: borrowing Transaction) {
        store.update(changed.sorted().compactMap { orders[$0] }, in: transaction)
        outbox.append(events, in: transaction)
        changes.announce(changed.sorted(), in: transaction)
    }
}

/// Billing decided about an order that this service does not know.
struct UnknownOrder: Error {
    let order: OrderID
}
