import EventContracts
package import Messaging
import Postgres

/// The messages that have to be sent, as the mailer takes them: one at a time, each for a while.
///
/// A claim is a time: nobody else takes the message before `next_attempt_at`. A mailer that dies leaves a claim that runs out.
package struct MailQueue: Sendable {
    /// Announces new messages to mailers in other processes.
    package static let channel = "message_queued"

    private let wakeUp: Signal

    /// - Parameter wakeUp: Notified after each commit that queued something.
    package init(wakeUp: Signal) {
        self.wakeUp = wakeUp
    }

    /// Tells the mailers, with the commit, that there is something to send.
    func announce(in transaction: borrowing Transaction) {
        transaction.enqueue("SELECT pg_notify(\(Self.channel), '')")
        transaction.onCommit { [wakeUp] in wakeUp.notify() }
    }

    /// Takes the message that has been due the longest.
    func claim(for lease: Duration) -> SQL {
        """
        UPDATE messages SET attempts = attempts + 1, next_attempt_at = now() + \(lease.inMilliseconds) * interval '1 millisecond'
        WHERE id = (
            SELECT id FROM messages WHERE status = 'queued' AND next_attempt_at <= now()
            ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING \(unescaped: MessageStore.columns)
        """
    }

    /// The server has taken it. Changes no row when another mailer recorded that before.
    func sent(_ id: MessageID, at time: Timestamp) -> SQL {
        "UPDATE messages SET status = 'sent', sent_at = \(time), last_error = NULL WHERE id = \(id) AND status = 'queued' RETURNING id"
    }

    /// It was refused for good, or too often.
    func failed(_ id: MessageID, error: String) -> SQL {
        "UPDATE messages SET status = 'failed', last_error = \(error) WHERE id = \(id) AND status = 'queued' RETURNING id"
    }

    /// It was refused for now.
    func postponed(_ id: MessageID, error: String, pause: Duration) -> SQL {
        """
        UPDATE messages SET last_error = \(error), next_attempt_at = now() + \(pause.inMilliseconds) * interval '1 millisecond'
        WHERE id = \(id) AND status = 'queued' RETURNING id
        """
    }

    /// Milliseconds until a message is due; no value when none is queued.
    var untilNextDue: SQL {
        "SELECT ceil(extract(epoch FROM min(next_attempt_at) - now()) * 1000)::bigint FROM messages WHERE status = 'queued'"
    }
}

extension Duration {
    /// Rounded down.
    fileprivate var inMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
