import EventContracts
import Messaging
import Postgres

/// Writes the happy mail of every order that was confirmed.
struct WriteHappyLetters: EventHandler {
    let verdicts: VerdictLetters

    func handle(_ confirmed: [EventEnvelope<OrderConfirmed>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        try await verdicts.write(.happy, about: confirmed, user: \.userID, order: \.orderID, in: transaction) { event, recipient in
            LetterValues(userName: recipient.name, orderID: event.orderID, amount: event.total)
        }
    }
}
