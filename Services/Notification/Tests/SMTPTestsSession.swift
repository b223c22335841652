import NotificationService
import Testing

@Suite("The SMTP dialogue as a state machine")
struct SMTPTestsSession {
    @Test("With PIPELINING the next mail is announced behind the message before it")
    func pipelining() {
        var talk = Talk(mails: 2, capabilities: "PIPELINING")
        #expect(talk.log == ["EHLO me", "MAIL RCPT DATA"])
        #expect(talk.hear(250, 250) == [])
        #expect(talk.hear(354) == ["message 1", "MAIL RCPT DATA"])
        #expect(talk.hear(250) == ["1 sent"])
        #expect(talk.hear(250, 250, 354) == ["message 2"])
        #expect(talk.session.wait == .message)
        #expect(talk.hear(250) == ["2 sent"])
        #expect(talk.session.wait == .idle)
    }

    @Test("Without PIPELINING one command is on its way at a time")
    func oneByOne() {
        var talk = Talk(mails: 2, capabilities: "SIZE")
        #expect(talk.hear(250) == ["RCPT"])
        #expect(talk.hear(250) == ["DATA"])
        #expect(talk.hear(354) == ["message 1"])
        #expect(talk.hear(250) == ["1 sent", "MAIL"])
    }

    @Test("A transaction that was refused is reset before the next")
    func reset() {
        var talk = Talk(mails: 2, capabilities: "SIZE")
        #expect(talk.hear(250, 550) == ["RCPT", "1 permanent 550", "RSET"])
        #expect(talk.hear(250) == ["MAIL"])
        var pipelined = Talk(mails: 2, capabilities: "PIPELINING")
        #expect(pipelined.hear(250, 450, 503) == ["1 transient 450", "RSET MAIL RCPT DATA"])
        #expect(pipelined.hear(250, 250, 250, 354, 250) == ["message 2", "2 sent"])
    }

    @Test("A server that goes ahead without a recipient gets an empty message")
    func goAheadForNobody() {
        var talk = Talk(mails: 1, capabilities: "PIPELINING")
        #expect(talk.hear(250, 550, 354) == ["empty message"])
        #expect(talk.hear(250) == ["1 permanent 550"])
        #expect(talk.session.wait == .idle)
    }

    @Test("No message is sent unless MAIL and RCPT were accepted", arguments: [250, 251, 450, 550, 552], [250, 251, 450, 550, 503])
    func messageOnlyAfterConsent(mail: Int, recipient: Int) {
        var talk = Talk(mails: 1, capabilities: "PIPELINING")
        let log = talk.hear(mail, recipient, 354)
        #expect(log == [mail < 300 && recipient < 300 ? "message 1" : "empty message"])
    }

    @Test("A lost connection: what each mail hears depends on how far it was")
    func lost() {
        var talk = Talk(mails: 3, capabilities: "PIPELINING")
        _ = talk.hear(250, 250, 354)
        #expect(talk.lose() == ["1 unknown", "2 transient", "3 transient", "disconnect"])
        talk = Talk(mails: 4, capabilities: "PIPELINING")
        _ = talk.hear(250, 250, 354, 250, 250, 250, 354)
        #expect(talk.lose() == ["2 unknown", "resubmit 3 4", "disconnect"])
        #expect(talk.lose() == [])
        #expect(talk.hear(250) == [])
        #expect(talk.session.wait == .nothing)
    }

    @Test("421 ends the session wherever it comes")
    func serviceNotAvailable() {
        for accepted in 0...2 {
            var talk = Talk(mails: 2, capabilities: "PIPELINING")
            _ = talk.hear(Array(repeating: 250, count: accepted))
            #expect(talk.hear(421) == ["1 transient 421", "2 transient 421", "disconnect"])
        }
        var talk = Talk(mails: 2, capabilities: "PIPELINING")
        #expect(talk.hear(250, 250, 354, 421) == ["message 1", "MAIL RCPT DATA", "1 transient 421", "resubmit 2", "disconnect"])
        talk = Talk(mails: 0, capabilities: "PIPELINING")
        #expect(talk.hear(421) == ["disconnect"])
    }

    @Test("A mail that was interrupted twice is given up; one that only waited is not")
    func interruptedTwice() {
        var talk = Talk(mails: 3, capabilities: "SIZE", interrupted: [2])
        _ = talk.hear(250, 250, 354, 250)
        #expect(talk.lose() == ["2 transient", "resubmit 3", "disconnect"])
    }

    @Test("Refusals of the connection are transient for every mail", arguments: [421, 450, 521, 554])
    func refusedConnection(code: Int) {
        var session = SMTPSession()
        _ = session.submit(Talk.mail(1))
        #expect(describe(session.receive(SMTPReply(code: code, lines: [""]))) == ["1 transient \(code)", "disconnect"])
    }

    @Test("Replies out of turn never make a mail sent", arguments: [354, 334])
    func outOfTurn(code: Int) {
        var talk = Talk(mails: 1, capabilities: "PIPELINING")
        #expect(talk.hear(code) == ["1 transient \(code)", "disconnect"])
        talk = Talk(mails: 1, capabilities: "PIPELINING")
        _ = talk.hear(250, 250, 354)
        #expect(talk.hear(code) == ["1 unknown", "disconnect"])
        talk = Talk(mails: 1, capabilities: "PIPELINING")
        #expect(talk.hear(250, 250, 250) == ["1 transient 250", "disconnect"])
    }

    @Test("What the server cannot take is refused without asking it")
    func localRefusals() throws {
        let eightBit = SMTPMessage(Array("Subject: x\r\n\r\né".utf8))
        let cases: [(String, SMTPSession.Mail, String)] = [
            ("SIZE 10", Talk.mail(1), "1 permanent"), ("SIZE 13", Talk.mail(1), "MAIL"),
            ("SIZE", Talk.mail(1, message: eightBit), "1 permanent"),
            ("8BITMIME", Talk.mail(1, message: eightBit), "MAIL BODY=8BITMIME"),
            ("8BITMIME", Talk.mail(1, to: "я@x.example"), "1 permanent"),
            ("SMTPUTF8", Talk.mail(1, to: "я@x.example"), "MAIL SMTPUTF8"),
        ]
        for (capability, mail, expected) in cases {
            var talk = Talk(mails: 0, capabilities: capability)
            let heard = describe(talk.session.submit(mail), parameters: true)
            #expect(heard.map { $0.replacing(/\ SIZE=\d+/, with: "") } == [expected])
        }
    }

    @Test("A cancelled mail has its outcome at once and harms no other")
    func cancel() {
        var talk = Talk(mails: 4, capabilities: "PIPELINING")
        _ = talk.hear(250, 250, 354)
        #expect(describe(talk.session.cancel([3])) == ["3 transient"])
        #expect(describe(talk.session.cancel([1])) == [])
        #expect(describe(talk.session.cancel([2])) == ["2 transient"])
        #expect(describe(talk.session.cancel([2])) == [])
        #expect(talk.hear(250) == ["1 sent"])
        #expect(talk.hear(250, 250, 354) == ["resubmit 4", "disconnect"])
    }

    @Test("A cancelled mail costs no connection if the server had not said 354")
    func cancelEarly() {
        var talk = Talk(mails: 2, capabilities: "SIZE")
        #expect(describe(talk.session.cancel([1])) == ["1 transient"])
        #expect(talk.hear(250) == ["RSET"])
        #expect(talk.hear(250) == ["MAIL"])
        talk = Talk(mails: 2, capabilities: "PIPELINING")
        #expect(describe(talk.session.cancel([1])) == ["1 transient"])
        #expect(talk.hear(250, 550, 503) == ["RSET MAIL RCPT DATA"])
        talk = Talk(mails: 2, capabilities: "PIPELINING")
        _ = talk.session.cancel([1])
        #expect(talk.lose() == ["2 transient", "disconnect"])
    }

    @Test("Draining finishes what was announced, then says goodbye")
    func drain() {
        var talk = Talk(mails: 2, capabilities: "PIPELINING")
        #expect(describe(talk.session.drain()) == ["2 transient"])
        #expect(!talk.session.isAccepting)
        #expect(talk.hear(250, 250, 354) == ["message 1"])
        #expect(talk.hear(250) == ["1 sent", "QUIT"])
        #expect(talk.session.wait == .goodbye)
        #expect(talk.hear(221) == ["disconnect"])
        talk = Talk(mails: 0, capabilities: "PIPELINING")
        #expect(describe(talk.session.drain()) == ["QUIT"])
    }

    @Test("Whatever a server replies, each mail ends once and its message is sent at most once")
    func anyReplies() {
        var random = SplitMix(state: 7)
        let codes = [220, 221, 235, 250, 250, 250, 250, 250, 251, 334, 354, 354, 354, 421, 450, 500, 503, 530, 550, 554]
        var violations: [String] = []
        for round in 0..<2_000 {
            var talk = Talk(mails: 5, capabilities: Bool.random(using: &random) ? "PIPELINING" : "SIZE")
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                if Int.random(in: 0..<20, using: &random) == 0 { talk.cancel(.random(in: 1...5, using: &random)) }
                _ = talk.hear(codes.randomElement(using: &random) ?? 250)
            }
            _ = talk.lose()
            for id in 1...5 where !isConsistent(talk.log, id) { violations.append("round \(round), mail \(id): \(talk.log)") }
        }
        #expect(violations == [])
    }

    private func isConsistent(_ log: [String], _ id: Int) -> Bool {
        let ends = log.flatMap { $0.hasPrefix("resubmit") ? $0.split(separator: " ").dropFirst().map { "\($0) again" } : [$0] }
            .filter { $0.hasPrefix("\(id) ") }
        let sent = log.count { $0 == "message \(id)" }
        guard ends.count == 1, let end = ends.first, sent <= 1 else { return false }
        return sent == 1 ? !end.hasSuffix("again") : !end.hasSuffix("sent") && !end.hasSuffix("unknown")
    }
}

/// A session with mails 1, 2, …, greeted, and what it did so far.
private struct Talk {
    var session = SMTPSession()
    var log: [String] = []

    init(mails: Int, capabilities: String, interrupted: Set<UInt64> = []) {
        for id in 0..<UInt64(mails) {
            var mail = Self.mail(id + 1)
            mail.wasInterrupted = interrupted.contains(mail.id)
            log += describe(session.submit(mail))
        }
        session.connected(clientName: "me")
        log += describe(session.receive(SMTPReply(code: 220, lines: ["hi"])))
        log += describe(session.receive(SMTPReply(code: 250, lines: ["mail.example", capabilities])))
    }

    static func mail(_ id: UInt64, to: String = "a@x.example", message: SMTPMessage? = nil) -> SMTPSession.Mail {
        guard let from = SMTPAddress("shop@x.example"), let to = SMTPAddress(to) else { preconditionFailure("both are addresses") }
        return SMTPSession.Mail(id: id, from: from, to: to, message: message ?? SMTPMessage(Array("\r\nmessage \(id)".utf8)))
    }

    mutating func hear(_ codes: Int...) -> [String] { hear(codes) }

    mutating func hear(_ codes: [Int]) -> [String] {
        let actions = codes.flatMap { session.receive(SMTPReply(code: $0, lines: ["text"])) }
        log += describe(actions)
        return describe(actions)
    }

    mutating func cancel(_ id: UInt64) {
        log += describe(session.cancel([id]))
    }

    mutating func lose() -> [String] {
        let actions = session.disconnected(.transient(code: nil, text: "gone"))
        log += describe(actions)
        return describe(actions)
    }
}

/// Actions in a few words: verbs of commands, ids of mails.
private func describe(_ actions: [SMTPSession.Action], parameters: Bool = false) -> [String] {
    actions.map { action in
        switch action {
        case .write(let bytes): describe(bytes, parameters)
        case .finish(let id, nil): "\(id) sent"
        case .finish(let id, .transient(let code, _)?): "\(id) transient" + (code.map { " \($0)" } ?? "")
        case .finish(let id, .permanent(let code, _)?): "\(id) permanent" + (code.map { " \($0)" } ?? "")
        case .finish(let id, .outcomeUnknown?): "\(id) unknown"
        case .resubmit(let mails): (["resubmit"] + mails.map { "\($0.id)" }).joined(separator: " ")
        case .disconnect: "disconnect"
        }
    }
}

private func describe(_ bytes: [UInt8], _ parameters: Bool) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    if text == ".\r\n" { return "empty message" }
    if text.hasSuffix("\r\n.\r\n") { return String(text.dropFirst(1).dropLast(3)) }
    let lines = text.split(separator: "\r\n")
    if parameters, let line = lines.first { return (["MAIL"] + line.split(separator: " ").dropFirst(2)).joined(separator: " ") }
    return lines.map { $0.hasPrefix("EHLO") ? String($0) : String($0.prefix(4)) }.joined(separator: " ")
}

/// A small seeded generator, so that a failure can be seen again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
