import EventContracts
import Messaging
import Postgres

/// Keeps the address book, welcomes everyone new, and lets in the letters that waited for an address.
struct RememberRecipients: EventHandler {
    let recipients: RecipientStore
    let letters: WriteLetters
    let parked: ParkedSequences

    func handle(_ registered: [EventEnvelope<UserRegistered>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        let known = registered.map { Recipient(userID: $0.event.userID, email: $0.event.email, name: $0.event.name) }
        recipients.save(known, in: transaction)
        letters.queue(
            try zip(registered, known).map { envelope, recipient in
                try letters.compose(
                    .welcome,
                    to: recipient,
                    values: LetterValues(userName: recipient.name),
                    cause: Cause(envelope)
                )
            },
            in: transaction
        )
        parked.open(known.map { .address(of: $0.userID) }, in: transaction)
        return []
    }
}

extension Gate {
    /// Open once the address book has the user.
    static func address(of user: UserID) -> Gate { Gate("address", user) }
}
