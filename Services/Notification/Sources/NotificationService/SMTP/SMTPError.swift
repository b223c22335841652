/// Why a mail was not, or perhaps not, handed to the mail server.
///
/// It answers the one question of the mailer: try again, give up, or take the risk of a duplicate? The texts come from the server; control
/// characters in them were replaced, and they never hold the password.
package enum SMTPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The mail was not accepted and may be accepted later: a 4xx reply, a server that cannot be reached, a timeout, a refused connection
    /// or log-in (nothing of which is this mail's fault), a cancelled send. `code` is the reply's, or `nil` if the client decided it.
    case transient(code: Int?, text: String)
    /// The server, or the client for it, refuses this mail for good: a 5xx reply to MAIL, RCPT, DATA or the message, a message over the
    /// server's SIZE, an address beyond ASCII without SMTPUTF8.
    case permanent(code: Int?, text: String)
    /// The connection broke, or the reply did not come in time, after the final dot was sent: the server may have taken the mail. Sending
    /// it again may make a duplicate, which the stable Message-ID lets the receiver drop.
    case outcomeUnknown(text: String)

    /// Whether sending the same mail again can succeed.
    package var isRetriable: Bool {
        if case .permanent = self { false } else { true }
    }

    /// The reply code (RFC 5321 §4.2), if a reply decided it.
    package var code: Int? {
        switch self {
        case .transient(let code, _), .permanent(let code, _): code
        case .outcomeUnknown: nil
        }
    }

    /// One line for a log or for a message's `last_error`.
    package var description: String {
        switch self {
        case .transient(let code, let text): Self.line("refused for now", code, text)
        case .permanent(let code, let text): Self.line("refused", code, text)
        case .outcomeUnknown(let text): Self.line("outcome unknown", nil, text)
        }
    }

    private static func line(_ verdict: String, _ code: Int?, _ text: String) -> String {
        code.map { "\(verdict): \($0) \(text)" } ?? "\(verdict): \(text)"
    }
}

extension SMTPError {
    /// The error that a negative reply to a mail's own command stands for.
    ///
    /// 530 (authentication required) speaks of the session and not of the mail, so it is transient: an operator's mistake in the
    /// configuration must not fail every letter for good.
    init(refusal reply: SMTPReply) {
        if reply.code / 100 == 5, reply.code != 530 {
            self = .permanent(code: reply.code, text: reply.text)
        } else {
            self = .transient(code: reply.code, text: reply.text)
        }
    }
}
