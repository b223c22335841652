import Foundation
import Logging
import NIOCore
import NIOPosix
import NotificationService
import Testing

@Suite("The SMTP client, against a scripted server", .timeLimit(.minutes(1)))
struct SMTPTestsClient {
    @Test("One connection and one EHLO carry many mails, in order and pipelined")
    func manyMails() async throws {
        try await ScriptedSMTPServer.with(SMTPScript()) { server in
            let client = try client(of: server)
            let results = await client.send((0..<20).map { mail("body \($0)") })
            #expect(results.allSatisfy(isSuccess))
            try await client.send(mail("one more"))
            await client.close()
            let received = server.received
            #expect(received.messages == (0..<20).map { "Subject: x\r\n\r\nbody \($0)\r\n" } + ["Subject: x\r\n\r\none more\r\n"])
            #expect(received.sawPipelining)
            let connection = try #require(received.connections.first)
            #expect(received.connections.count == 1)
            #expect(connection.filter { $0.hasPrefix("EHLO") } == ["EHLO [127.0.0.1]"])
            #expect(connection.count { $0 == "MAIL FROM:<shop@example.com> SIZE=22" } == 10)
            #expect(connection.last == "QUIT")
        }
    }

    @Test("Without PIPELINING each command waits for its reply")
    func noPipelining() async throws {
        try await ScriptedSMTPServer.with(SMTPScript(capabilities: [])) { server in
            let client = try client(of: server)
            let results = await client.send([mail("a"), mail("b")])
            #expect(results.allSatisfy(isSuccess))
            await client.close()
            #expect(!server.received.sawPipelining)
            #expect(server.received.messages.count == 2)
        }
    }

    @Test(
        "A refusal is one mail's own, transient or permanent, and the others go on",
        arguments: ["MAIL", "RCPT", "DATA", "MESSAGE"],
        [["PIPELINING"], []]
    )
    func refusals(verb: String, capabilities: [String]) async throws {
        let script = SMTPScript(
            capabilities: capabilities,
            steps: [verb: [nil, .reply("550 5.1.1 no such user"), .reply("451 4.3.0 later"), nil]]
        )
        try await ScriptedSMTPServer.with(script) { server in
            let client = try client(of: server)
            let results = await client.send([mail("1"), mail("2"), mail("3"), mail("4")])
            await client.close()
            #expect(
                results.map(failure) == [
                    nil, .permanent(code: 550, text: "5.1.1 no such user"), .transient(code: 451, text: "4.3.0 later"), nil,
                ]
            )
            #expect(server.received.connections.count == 1)
            let sent = server.received.messages.filter { !$0.isEmpty }.count
            #expect(sent == (verb == "MESSAGE" ? 4 : 2))
        }
    }

    @Test(
        "A kept connection that died is replaced, and the mail is sent once",
        arguments: [SMTPStep.hangUp, .reply("421 4.4.2 too long idle")]
    )
    func staleConnection(step: SMTPStep) async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: ["MAIL": [nil, step]]), SMTPScript()) { server in
            let client = try client(of: server)
            try await client.send(mail("first"))
            try await client.send(mail("second"))
            await client.close()
            #expect(server.received.connections.count == 2)
            #expect(server.received.messages.count == 2)
        }
    }

    @Test("A new connection that breaks at once is not tried again")
    func noRetryOnNewConnection() async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: ["MAIL": [.hangUp]])) { server in
            let client = try client(of: server)
            #expect(await error(client, mail("x")) == .transient(code: nil, text: "the server closed the connection"))
            #expect(server.received.connections.count == 1)
            await client.close()
        }
    }

    @Test("A mail that breaks two connections is given up, and the mails behind it are not lost")
    func poisonousMail() async throws {
        let breaking = SMTPScript(steps: ["RCPT": [nil, .hangUp]])
        try await ScriptedSMTPServer.with(breaking, SMTPScript(steps: ["RCPT": [.hangUp]]), SMTPScript()) { server in
            let client = try client(of: server)
            let results = await client.send([mail("1"), mail("2")])
            #expect(results.map(failure) == [nil, .transient(code: nil, text: "the server closed the connection")])
            try await client.send(mail("3"))
            await client.close()
            #expect(server.received.connections.count == 3)
            #expect(server.received.messages.count == 2)
        }
    }

    @Test("A break after the final dot leaves the outcome unknown, and the mail is not sent again")
    func brokenAfterDot() async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: ["MESSAGE": [nil, .hangUp]]), SMTPScript()) { server in
            let client = try client(of: server)
            let results = await client.send([mail("1"), mail("2"), mail("3")])
            await client.close()
            #expect(results.map(failure).map { $0?.isUnknown } == [nil, true, nil])
            #expect(server.received.messages == ["1", "2", "3"].map { "Subject: x\r\n\r\n\($0)\r\n" })
        }
    }

    @Test("A 421 to a message is a refusal, not an unknown outcome")
    func shuttingDownAfterDot() async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: ["MESSAGE": [.replyAndHangUp("421 4.3.2 shutting down")]])) { server in
            let client = try client(of: server)
            #expect(await error(client, mail("x")) == .transient(code: 421, text: "4.3.2 shutting down"))
            await client.close()
        }
    }

    @Test(
        "Silence ends at the timeout: before the dot transient, after it unknown",
        arguments: ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "MESSAGE"]
    )
    func timeouts(verb: String) async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: [verb: [.silence]])) { server in
            let client = try client(of: server) {
                if verb == "MESSAGE" { $0.messageTimeout = .milliseconds(20) } else { $0.commandTimeout = .milliseconds(20) }
            }
            let late = SMTPError.transient(code: nil, text: "the server did not reply in time")
            #expect(await error(client, mail("x")) == (verb == "MESSAGE" ? .outcomeUnknown(text: late.description) : late))
            await client.close()
        }
    }

    @Test("An idle connection is ended with QUIT, and the next mail gets a new one")
    func idleConnection() async throws {
        try await ScriptedSMTPServer.with(SMTPScript()) { server in
            let client = try client(of: server) { $0.idleTimeout = .milliseconds(20) }
            try await client.send(mail("1"))
            await server.meets("QUIT")
            try await client.send(mail("2"))
            await client.close()
            #expect(server.received.connections.count == 2)
        }
    }

    @Test("A refused connection fails every mail that waits, for now")
    func refusedConnection() async throws {
        let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(bound.localAddress?.port)
        try await bound.close()
        let configuration = try SMTPConfiguration(url: "smtp://127.0.0.1:\(port)")
        let client = SMTPClient(configuration: configuration, logger: quiet)
        let results = await client.send([mail("1"), mail("2")])
        let expected = SMTPError.transient(code: nil, text: "cannot connect to 127.0.0.1:\(port): connection refused")
        #expect(results.map(failure) == [expected, expected])
        await client.close()
    }

    @Test("A cancelled send returns: at once while it waits, with its outcome after the dot", arguments: ["GREETING", "RCPT", "MESSAGE"])
    func cancellation(verb: String) async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: [verb: [.silence]]), SMTPScript()) { server in
            let client = try client(of: server) { $0.graceTimeout = .milliseconds(20) }
            let sending = Task { await error(client, mail("x")) }
            await server.meets(verb)
            sending.cancel()
            let result = await sending.value
            #expect(result?.isUnknown == (verb == "MESSAGE"))
            await client.close()
        }
    }

    @Test("Closing fails what waits, and later sends fail")
    func closed() async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: ["RCPT": [.silence]])) { server in
            let client = try client(of: server) { $0.graceTimeout = .milliseconds(20) }
            async let sending = client.send([mail("1"), mail("2")])
            await server.meets("RCPT")
            await client.close()
            #expect(
                await sending.map(failure) == [
                    .transient(code: nil, text: "the server did not reply in time"),
                    .transient(code: nil, text: "the mail client was closed"),
                ]
            )
            #expect(await error(client, mail("3")) == .transient(code: nil, text: "the mail client was closed"))
        }
    }

    @Test("Many tasks share the connection; a full queue refuses more")
    func concurrentSends() async throws {
        try await ScriptedSMTPServer.with(SMTPScript()) { server in
            let client = try client(of: server) { $0.maximumQueuedMails = 50 }
            await withTaskGroup { group in
                for number in 0..<50 { group.addTask { #expect(await error(client, mail("\(number)")) == nil) } }
            }
            let results = await client.send((0..<60).map { mail("\($0)") })
            #expect(results.prefix(50).allSatisfy(isSuccess))
            #expect(results.suffix(10).allSatisfy { failure($0) == .transient(code: nil, text: "too many mails wait to be sent") })
            await client.close()
            #expect(server.received.connections.count == 1)
        }
    }

    @Test("AUTH PLAIN logs in when the server offers it; a wrong password is nobody's mail's fault")
    func authentication() async throws {
        let offering = ["AUTH LOGIN PLAIN"]
        try await ScriptedSMTPServer.with(
            SMTPScript(capabilities: offering),
            SMTPScript(capabilities: offering, steps: ["AUTH": [.reply("535 5.7.8 wrong")]]),
            SMTPScript(capabilities: ["AUTH CRAM-MD5"])
        ) { server in
            var outcomes: [SMTPError?] = []
            for _ in 0..<3 {
                let client = try client(of: server, credentials: "tim:tan%20staaf@")
                outcomes.append(await error(client, mail("x")))
                await client.close()
            }
            #expect(server.received.connections[0].contains("AUTH PLAIN AHRpbQB0YW4gc3RhYWY="))
            #expect(outcomes[0] == nil)
            #expect(outcomes[1] == .transient(code: 535, text: "5.7.8 wrong"))
            #expect(outcomes[2]?.isRetriable == true)
        }
    }

    @Test("A server that knows only HELO will do")
    func helo() async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: ["EHLO": [.reply("502 5.5.1 unknown command")]])) { server in
            let client = try client(of: server)
            try await client.send(mail("x"))
            await client.close()
            #expect(server.received.connections[0][..<3] == ["EHLO [127.0.0.1]", "HELO [127.0.0.1]", "MAIL FROM:<shop@example.com>"])
        }
    }

    @Test("Replies that are no SMTP end the connection", arguments: ["HTTP/1.1 400 Bad Request", "220", "999 what", "220-a\r\n221 b"])
    func nonsense(greeting: String) async throws {
        try await ScriptedSMTPServer.with(SMTPScript(steps: ["GREETING": [.replyAndHangUp(greeting)]])) { server in
            let client = try client(of: server)
            let failure = await error(client, mail("x"))
            #expect(failure?.isRetriable == true)
            await client.close()
        }
    }

    @Test(
        "A real mail server takes a mail",
        .enabled(if: ProcessInfo.processInfo.environment["TEST_SMTP_URL"] != nil, "TEST_SMTP_URL names no server")
    )
    func realServer() async throws {
        let url = try #require(ProcessInfo.processInfo.environment["TEST_SMTP_URL"])
        let client = SMTPClient(configuration: try SMTPConfiguration(url: url), logger: quiet)
        let results = await client.send((0..<10).map { mail("number \($0)\r\n.\r\n..two\r\n") })
        #expect(results.allSatisfy(isSuccess))
        await client.close()
    }
}

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

private func client(
    of server: ScriptedSMTPServer,
    credentials: String = "",
    _ change: (inout SMTPConfiguration) -> Void = { _ in }
) throws -> SMTPClient {
    var configuration = try SMTPConfiguration(url: "smtp://\(credentials)127.0.0.1:\(server.port)")
    change(&configuration)
    return SMTPClient(configuration: configuration, logger: quiet)
}

private func mail(_ body: String) -> SMTPEnvelope {
    guard let from = SMTPAddress("shop@example.com"), let to = SMTPAddress("ada@example.org") else {
        preconditionFailure("both are addresses")
    }
    return SMTPEnvelope(from: from, to: to, data: Array("Subject: x\r\n\r\n\(body)".utf8))
}

private func error(_ client: SMTPClient, _ mail: SMTPEnvelope) async -> SMTPError? {
    do throws(SMTPError) {
        try await client.send(mail)
        return nil
    } catch {
        return error
    }
}

private func isSuccess(_ result: Result<Void, SMTPError>) -> Bool { failure(result) == nil }

private func failure(_ result: Result<Void, SMTPError>) -> SMTPError? {
    if case .failure(let error) = result { error } else { nil }
}

extension SMTPError {
    fileprivate var isUnknown: Bool { if case .outcomeUnknown = self { true } else { false } }
}
