import EventContracts
import Messaging
import Postgres

/// Rejects the orders that billing declined.
struct RejectOrders: EventHandler {
    let orders: OrderStore
    let outbox: Outbox
    let changes: OrderChanges

    func handle(_ declined: [EventEnvelope<PaymentDeclined>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        var decisions = OrderDecisions(try await orders.lock(declined.map(\.event.orderID), in: transaction))
        for envelope in declined {
            let reason = envelope.event.reason
            try decisions.decide(envelope.event.orderID, because: envelope) { order, time throws(OrderConflict) in
                try order.reject(because: reason, at: time)
            }
        }
        decisions.write(orders: orders, outbox: outbox, changes: changes, in: transaction)
        return []
    }
}
