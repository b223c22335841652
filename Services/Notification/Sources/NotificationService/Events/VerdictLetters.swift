import EventContracts
import Messaging
import Postgres

/// What happy and sad letters have in common: one per order, to the address that the book has, or later when it has none yet.
struct VerdictLetters: Sendable {
    let recipients: RecipientStore
    let letters: WriteLetters

    func write<Verdict: Event>(
        _ kind: MessageKind,
        about verdicts: [EventEnvelope<Verdict>],
        user: (Verdict) -> UserID,
        order: (Verdict) -> OrderID,
        in transaction: borrowing Transaction,
        values: (Verdict, Recipient) -> LetterValues
    ) async throws -> [WaitingEvent] {
        let known = try await recipients.find(verdicts.map { user($0.event) }, in: transaction)
        var waiting: [WaitingEvent] = []
        var written: [Message] = []
        for envelope in verdicts {
            let event = envelope.event
            guard let recipient = known[user(event)] else {
                waiting.append(WaitingEvent(envelope.metadata.id, for: .address(of: user(event))))
                continue
            }
            written.append(
                try letters.compose(
                    kind,
                    to: recipient,
                    about: order(event),
                    values: values(event, recipient),
                    cause: Cause(envelope)
                )
            )
        }
        letters.queue(written, in: transaction)
        return waiting
    }
}
