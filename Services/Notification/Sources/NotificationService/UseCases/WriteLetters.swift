package import EventContracts
package import Messaging
package import Postgres

/// Writes letters from their templates and queues them for the mailer, in the transaction of what they tell about.
package struct WriteLetters: Sendable {
    let templates: LetterTemplates
    let messages: MessageStore
    let queue: MailQueue

    /// Renders one letter. Nothing is stored.
    package func compose(
        _ kind: MessageKind,
        to recipient: Recipient,
        about order: OrderID? = nil,
        values: LetterValues,
        cause: Cause
    ) throws -> Message {
        let (subject, text, html) = try templates.render(kind: kind, values: values)
        return Message(
            to: recipient,
            kind: kind,
            about: order,
            subject: subject,
            text: text,
            html: html,
            cause: cause,
            at: .now
        )
    }

    /// Queues letters; a letter that was queued before is not queued again.
    package func queue(_ letters: [Message], in transaction: borrowing Transaction) {
        guard !letters.isEmpty else { return }
        transaction.enqueue(messages.insert(letters))
        queue.announce(in: transaction)
    }
}
