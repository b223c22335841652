import NIOCore

/// The client's side of one connection (RFC 5321), as a pure value: replies and mails go in, actions come out.
///
/// With PIPELINING (RFC 2920) a mail costs one round trip once the connection is busy: MAIL, RCPT and DATA travel together, right behind
/// the message of the mail before. Without it, each command waits for its reply. What the state machine guarantees:
/// - a mail's message, and so its final dot, is sent at most once, and only after 354 and a positive reply to MAIL and RCPT;
/// - every mail given to `submit(_:)` ends in exactly one `.finish`, or is handed back in one `.resubmit`;
/// - a mail is handed back only while nothing of its message was sent, and only by a connection that has completed a mail or was given up
///   for a cancelled one, so that handing back cannot go on for ever.
package struct SMTPSession: Sendable {
    /// A mail in the client's queue.
    package struct Mail: Sendable, Hashable {
        /// Chosen by the client, unique there.
        package let id: UInt64
        /// The return path and the recipient.
        package let from, to: SMTPAddress
        /// What DATA sends.
        package let message: SMTPMessage
        /// Whether an earlier connection was lost after MAIL: it is tried on one more, then given up.
        package var wasInterrupted = false

        /// A mail that no connection has seen.
        package init(id: UInt64, from: SMTPAddress, to: SMTPAddress, message: SMTPMessage) {
            (self.id, self.from, self.to, self.message) = (id, from, to, message)
        }
    }

    /// What the owner has to do, in order.
    package enum Action: Sendable, Hashable {
        /// Send these bytes.
        case write([UInt8])
        /// The mail has its outcome; `nil` is success.
        case finish(UInt64, SMTPError?)
        /// Submit these mails to a new connection, in this order.
        case resubmit([Mail])
        /// Close the connection; this session is over.
        case disconnect
    }

    /// What the next deadline is for.
    package enum Wait: Sendable, Hashable {
        /// The greeting, or the reply to a command.
        case command
        /// The reply to a message.
        case message
        /// The next mail.
        case idle
        /// The reply to QUIT.
        case goodbye
        /// Nothing: the session is over.
        case nothing
    }

    enum Step { case greeting, ehlo, helo, authentication, reset, mail, recipient, data, message, quit }
    enum Phase { case opening, ready, draining, quitting, closed }

    let credentials: SMTPConfiguration.Credentials?
    var clientName = ""
    var phase = Phase.opening
    var capabilities = SMTPCapabilities()
    /// The commands whose replies are due, oldest first.
    var expected: CircularBuffer<Step> = [.greeting]
    var waiting = CircularBuffer<Mail>()
    /// The mail that is being announced: MAIL, RCPT, DATA; with the first refusal, if there was one.
    var announced: Mail?
    var announcedRefusal: SMTPError?
    /// Nobody waits for the announced mail any more; it has its outcome.
    var announcedIsAbandoned = false
    /// The mail whose final dot was sent; with the refusal that made its message an empty one.
    var delivering: Mail?
    var deliveringRefusal: SMTPError?
    var needsReset = false
    var completed = 0

    /// A session that waits for the greeting.
    package init(credentials: SMTPConfiguration.Credentials? = nil) {
        self.credentials = credentials
    }

    /// Whether `submit(_:)` may be called.
    package var isAccepting: Bool { phase == .opening || phase == .ready }

    /// What the owner waits for; it restarts the deadline when a reply was taken or this value changed.
    package var wait: Wait {
        switch phase {
        case .closed: .nothing
        case .quitting: .goodbye
        case .opening, .ready, .draining: expected.isEmpty ? .idle : expected.first == .message ? .message : .command
        }
    }

    /// The mail whose final dot was sent and whose reply is due.
    package var deliveringID: UInt64? { delivering?.id }

    /// The connection is up; `clientName` goes into EHLO.
    package mutating func connected(clientName: String) {
        self.clientName = clientName
    }

    /// Queues a mail and sends what can be sent now.
    package mutating func submit(_ mail: Mail) -> [Action] {
        precondition(isAccepting, "a mail was given to a session that is ending")
        waiting.append(mail)
        return announceNext()
    }

    /// Takes a reply.
    package mutating func receive(_ reply: SMTPReply) -> [Action] {
        guard phase != .closed else { return [] }
        guard let step = expected.popFirst() else {
            return lose(.transient(code: reply.code, text: "the server ended the idle connection: \(reply.text)"))
        }
        if step == .message { return messageReplied(reply) }
        if step == .quit { return lose(.transient(code: nil, text: "the connection was closed")) }
        if reply.code == 421 { return lose(.transient(code: 421, text: reply.text)) }
        switch step {
        case .greeting, .ehlo, .helo, .authentication: return opened(step, reply)
        case .reset, .mail, .recipient, .data: return announcementReplied(step, reply)
        case .message, .quit: return []
        }
    }

    /// The connection broke, could not be made, or a deadline passed: no reply will come any more.
    package mutating func disconnected(_ reason: SMTPError) -> [Action] {
        phase == .closed ? [] : lose(reason)
    }

    /// Nobody waits for these mails any more. One that waits is dropped; one whose final dot was sent keeps its outcome. One that is
    /// announced has its outcome now, and the connection goes on until the server says 354: SMTP has no way to take DATA back but to hang
    /// up.
    package mutating func cancel(_ ids: Set<UInt64>) -> [Action] {
        let reason = SMTPError.transient(code: nil, text: "the send was cancelled")
        var actions = waiting.filter { ids.contains($0.id) }.map { Action.finish($0.id, reason) }
        waiting.removeAll { ids.contains($0.id) }
        if let mail = announced, ids.contains(mail.id), !announcedIsAbandoned {
            announcedIsAbandoned = true
            actions.append(.finish(mail.id, announcedRefusal ?? reason))
        }
        return actions
    }

    /// No more mails: those that wait fail, those under way are finished, then QUIT.
    package mutating func drain() -> [Action] {
        guard isAccepting else { return [] }
        let reason = SMTPError.transient(code: nil, text: "the mail client was closed")
        if phase == .opening { return lose(reason) }
        let failures = waiting.map { Action.finish($0.id, reason) }
        waiting.removeAll()
        phase = .draining
        return failures + quitIfDrained()
    }

    mutating func quitIfDrained() -> [Action] {
        guard phase == .draining, expected.isEmpty, announced == nil, delivering == nil else { return [] }
        phase = .quitting
        expected.append(.quit)
        return [.write(Array("QUIT\r\n".utf8))]
    }

    /// Ends the session and gives every mail its outcome, or hands it back.
    mutating func lose(_ reason: SMTPError, handingBack: Bool = false) -> [Action] {
        var actions: [Action] = []
        var unsent: [Mail] = []
        if let mail = delivering {
            actions.append(.finish(mail.id, deliveringRefusal ?? .outcomeUnknown(text: reason.description)))
        }
        if announcedIsAbandoned {
            announced = nil
        } else if let refusal = announcedRefusal, let mail = announced {
            actions.append(.finish(mail.id, refusal))
        } else if var mail = announced {
            if mail.wasInterrupted {
                actions.append(.finish(mail.id, reason))
            } else {
                mail.wasInterrupted = true
                unsent.append(mail)
            }
        }
        unsent += waiting
        if !unsent.isEmpty, completed > 0 || handingBack {
            actions.append(.resubmit(unsent))
        } else {
            actions += unsent.map { .finish($0.id, reason) }
        }
        (announced, announcedRefusal, announcedIsAbandoned) = (nil, nil, false)
        (delivering, deliveringRefusal) = (nil, nil)
        waiting.removeAll()
        expected.removeAll()
        phase = .closed
        return actions + [.disconnect]
    }
}
