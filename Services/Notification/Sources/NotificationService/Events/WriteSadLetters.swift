import EventContracts
import Messaging
import Postgres

/// Writes the sad mail of every order that was rejected.
struct WriteSadLetters: EventHandler {
    let verdicts: VerdictLetters

    func handle(_ rejected: [EventEnvelope<OrderRejected>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        try await verdicts.write(.sad, about: rejected, user: \.userID, order: \.orderID, in: transaction) { event, recipient in
            LetterValues(userName: recipient.name, orderID: event.orderID, amount: event.total, reason: event.reason)
        }
    }
}
