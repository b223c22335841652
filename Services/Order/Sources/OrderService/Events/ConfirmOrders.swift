import EventContracts
import Messaging
import Postgres

/// Confirms the orders that billing was paid for.
struct ConfirmOrders: EventHandler {
    let orders: OrderStore
    let outbox: Outbox
    let changes: OrderChanges

    func handle(_ paid: [EventEnvelope<PaymentCompleted>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        var decisions = OrderDecisions(try await orders.lock(paid.map(\.event.orderID), in: transaction))
        for envelope in paid {
            let payment = envelope.event
            try decisions.decide(payment.orderID, because: envelope) { order, time throws(OrderConflict) in
                try order.confirm(paidBy: payment.paymentID, at: time)
            }
        }
        decisions.write(orders: orders, outbox: outbox, changes: changes, in: transaction)
        return []
    }
}
