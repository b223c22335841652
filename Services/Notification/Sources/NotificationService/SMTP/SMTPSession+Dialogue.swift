/// The dialogue itself: which command follows which reply.
extension SMTPSession {
    /// A reply before the first mail. A refusal here is never a mail's fault, so it is transient whatever its code.
    mutating func opened(_ step: Step, _ reply: SMTPReply) -> [Action] {
        switch (step, reply.code) {
        case (.greeting, 220): return command("EHLO \(clientName)", .ehlo)
        case (.ehlo, 250):
            capabilities = SMTPCapabilities(ehlo: reply)
            return logIn()
        case (.ehlo, 500...504): return command("HELO \(clientName)", .helo)
        case (.helo, 250): return logIn()
        case (.authentication, 235): return becomeReady()
        default: return lose(.transient(code: reply.code, text: reply.text))
        }
    }

    private mutating func logIn() -> [Action] {
        guard let credentials else { return becomeReady() }
        guard capabilities.plainAuthentication else {
            return lose(.transient(code: nil, text: "a user name is configured, but the server does not offer AUTH PLAIN"))
        }
        return command("AUTH PLAIN \(String(decoding: credentials.plainResponse, as: UTF8.self))", .authentication)
    }

    private mutating func becomeReady() -> [Action] {
        phase = .ready
        return announceNext()
    }

    private mutating func command(_ text: String, _ step: Step) -> [Action] {
        expected.append(step)
        return [.write(Array("\(text)\r\n".utf8))]
    }

    /// Announces the next mail, if the connection is free for it; mails that this server can never take are refused here.
    mutating func announceNext() -> [Action] {
        var actions: [Action] = []
        while phase == .ready, announced == nil, delivering == nil || capabilities.pipelining, let mail = waiting.popFirst() {
            if let refusal = refusal(of: mail) {
                actions.append(.finish(mail.id, refusal))
                continue
            }
            announced = mail
            announcedRefusal = nil
            actions += announce(mail)
        }
        return actions + quitIfDrained()
    }

    private mutating func announce(_ mail: Mail) -> [Action] {
        if capabilities.pipelining {
            let flight = (needsReset ? "RSET\r\n" : "") + "\(mailCommand(mail))\r\nRCPT TO:<\(mail.to)>\r\nDATA\r\n"
            expected.append(contentsOf: needsReset ? [.reset, .mail, .recipient, .data] : [.mail, .recipient, .data])
            needsReset = false
            return [.write(Array(flight.utf8))]
        }
        return needsReset ? command("RSET", .reset) : command(mailCommand(mail), .mail)
    }

    private func mailCommand(_ mail: Mail) -> String {
        var command = "MAIL FROM:<\(mail.from)>"
        if capabilities.declaresSize { command += " SIZE=\(mail.message.size)" }
        if mail.message.needsEightBit || needsInternationalisation(mail) { command += capabilities.eightBitMIME ? " BODY=8BITMIME" : "" }
        if needsInternationalisation(mail) { command += " SMTPUTF8" }
        return command
    }

    private func needsInternationalisation(_ mail: Mail) -> Bool {
        mail.message.needsInternationalHeaders || !mail.from.isASCII || !mail.to.isASCII
    }

    private func refusal(of mail: Mail) -> SMTPError? {
        if let limit = capabilities.maximumSize, mail.message.size > limit {
            return .permanent(code: nil, text: "the message has \(mail.message.size) octets, the server takes \(limit)")
        }
        if mail.message.needsEightBit, !capabilities.eightBitMIME {
            return .permanent(code: nil, text: "the message has 8-bit text, and the server does not offer 8BITMIME")
        }
        if needsInternationalisation(mail), !capabilities.internationalised {
            return .permanent(code: nil, text: "an address is not ASCII, and the server does not offer SMTPUTF8")
        }
        return nil
    }

    /// A reply to RSET, MAIL, RCPT or DATA of the announced mail.
    mutating func announcementReplied(_ step: Step, _ reply: SMTPReply) -> [Action] {
        guard let mail = announced else { return lose(.transient(code: reply.code, text: "the server replied out of turn: \(reply.text)")) }
        if step == .data { return dataReplied(reply, mail) }
        guard reply.code / 100 != 3, step != .reset || reply.isPositive else {
            return lose(.transient(code: reply.code, text: "the server replied out of turn: \(reply.text)"))
        }
        if !reply.isPositive { announcedRefusal = announcedRefusal ?? SMTPError(refusal: reply) }
        if capabilities.pipelining { return [] }
        if announcedRefusal != nil || announcedIsAbandoned { return endAnnouncement(of: mail) }
        switch step {
        case .reset:
            needsReset = false
            return command(mailCommand(mail), .mail)
        case .mail: return command("RCPT TO:<\(mail.to)>", .recipient)
        default: return command("DATA", .data)
        }
    }

    private mutating func dataReplied(_ reply: SMTPReply, _ mail: Mail) -> [Action] {
        guard reply.code == 354 else {
            guard reply.code >= 400 else {
                return lose(.transient(code: reply.code, text: "the server replied out of turn: \(reply.text)"))
            }
            announcedRefusal = announcedRefusal ?? SMTPError(refusal: reply)
            return endAnnouncement(of: mail)
        }
        if announcedIsAbandoned { return lose(.transient(code: nil, text: "the send was cancelled"), handingBack: true) }
        // RFC 2920 §3.1: a server may answer 354 although it took no recipient; then an empty message, to nobody, ends it.
        (delivering, deliveringRefusal) = (mail, announcedRefusal)
        (announced, announcedRefusal) = (nil, nil)
        expected.append(.message)
        return [.write(deliveringRefusal == nil ? mail.message.wire : Array(".\r\n".utf8))] + announceNext()
    }

    /// Forgets a mail that was refused or abandoned before its message.
    private mutating func endAnnouncement(of mail: Mail) -> [Action] {
        let outcome = announcedIsAbandoned ? [] : [Action.finish(mail.id, announcedRefusal)]
        (announced, announcedRefusal, announcedIsAbandoned) = (nil, nil, false)
        needsReset = true
        completed += 1
        return outcome + announceNext()
    }

    /// The reply to a message: its outcome.
    mutating func messageReplied(_ reply: SMTPReply) -> [Action] {
        guard let mail = delivering, reply.code / 100 != 3 else {
            return lose(.transient(code: reply.code, text: "the server replied out of turn: \(reply.text)"))
        }
        let outcome = deliveringRefusal ?? (reply.isPositive ? nil : SMTPError(refusal: reply))
        (delivering, deliveringRefusal) = (nil, nil)
        completed += 1
        if reply.code == 421 { return [.finish(mail.id, outcome)] + lose(.transient(code: 421, text: reply.text)) }
        return [.finish(mail.id, outcome)] + announceNext()
    }
}
