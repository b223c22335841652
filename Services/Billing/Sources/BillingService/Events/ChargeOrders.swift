import EventContracts
import Messaging
import Postgres

/// Charges a batch of placed orders, each account's in order, in the transaction that marks them handled.
///
/// An order is decided once, whatever is delivered: the inbox drops a repeated event, and an order that comes again in another event (a
/// repaired dead letter) finds its decision in the facts.
struct ChargeOrders: EventHandler {
    let accounts: AccountStore
    let outbox: Outbox

    func handle(_ placed: [EventEnvelope<OrderPlaced>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        var ledger = try await accounts.lock(placed.map(\.event.userID), in: transaction)
        // Asked after the accounts were locked: whoever decided about one of these orders has committed by now.
        var decided = Set(try await transaction.query(accounts.decided(placed.map(\.event.orderID))).decode(OrderID.self))
        var waiting: [WaitingEvent] = []
        var outcomes: [EncodedEvent] = []
        for envelope in placed {
            let order = envelope.event
            guard let account = ledger[order.userID] else {
                waiting.append(WaitingEvent(envelope.metadata.id, for: .account(of: order.userID)))
                continue
            }
            guard decided.insert(order.orderID).inserted else { continue }
            let fact = account.charge(order.total, for: order.orderID)
            ledger.record(fact, on: order.userID, at: .now)
            if let outcome = Self.event(of: fact, user: order.userID, causedBy: Cause(envelope)) { outcomes.append(outcome) }
        }
        accounts.save(ledger, in: transaction)
        outbox.append(outcomes, in: transaction)
        return waiting
    }

    private static func event(of fact: AccountFact, user: UserID, causedBy cause: Cause) -> EncodedEvent? {
        switch fact {
        case .paid(let payment, let order, let amount, let balance):
            EncodedEvent(
                PaymentCompleted(paymentID: payment, orderID: order, userID: user, amount: amount, balanceAfter: balance),
                causedBy: cause.id,
                trace: cause.trace
            )
        case .paymentDeclined(let order, let amount, let balance, let reason):
            EncodedEvent(
                PaymentDeclined(orderID: order, userID: user, amount: amount, balance: balance, reason: reason),
                causedBy: cause.id,
                trace: cause.trace
            )
        case .opened, .deposited, .withdrawn, .refunded:
            nil
        }
    }
}
