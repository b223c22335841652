package import EventContracts
package import Messaging
package import Postgres

/// Queues a letter that a caller wrote.
package struct SendDirectMessage: Sendable {
    let recipients: RecipientStore
    let letters: WriteLetters

    /// - Throws: ``UnknownRecipient``.
    package func callAsFunction(
        to user: UserID,
        subject: String,
        body: String,
        causedBy cause: Cause,
        in transaction: borrowing Transaction
    ) async throws -> Message {
        guard let recipient = try await recipients.find(CollectionOfOne(user), in: transaction)[user] else { throw UnknownRecipient() }
        let letter = try letters.compose(
            .direct,
            to: recipient,
            values: LetterValues(userName: recipient.name, subject: subject, body: body),
            cause: cause
        )
        letters.queue([letter], in: transaction)
        return letter
    }
}

/// The address book does not have this user, or not yet.
package struct UnknownRecipient: Error {}
