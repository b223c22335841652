import NotificationService
import Testing

@Suite("SMTP replies")
struct SMTPTestsReplies {
    @Test("A reply is the same however its bytes are split", arguments: 1...40)
    func splitting(size: Int) throws {
        let input = Array("220 hello\r\n250-mail.example\r\n250-SIZE 10\r\n250 8BITMIME\r\n354\r\n550 5.1.1 nobody\n".utf8)
        var parser = SMTPReplyParser()
        var replies: [SMTPReply] = []
        for start in stride(from: 0, to: input.count, by: size) {
            replies += try parser.append(input[start..<min(start + size, input.count)])
        }
        #expect(
            replies == [
                SMTPReply(code: 220, lines: ["hello"]),
                SMTPReply(code: 250, lines: ["mail.example", "SIZE 10", "8BITMIME"]),
                SMTPReply(code: 354, lines: [""]),
                SMTPReply(code: 550, lines: ["5.1.1 nobody"]),
            ]
        )
    }

    @Test(
        "Text that is no reply is an error, and stays one",
        arguments: [
            ("abc\r\n", SMTPReplyError.malformed), ("22\r\n", .malformed), ("199 x\r\n", .malformed), ("600 x\r\n", .malformed),
            ("220x\r\n", .malformed), ("\r\n", .malformed), ("250-a\r\n251 b\r\n", .codeChanged),
        ]
    )
    func malformed(input: String, error: SMTPReplyError) {
        var parser = SMTPReplyParser()
        #expect(throws: error) { try parser.append(input.utf8) }
        #expect(throws: error) { try parser.append("220 ok\r\n".utf8) }
    }

    @Test("A line and the lines of a reply are bounded")
    func bounds() throws {
        var parser = SMTPReplyParser()
        let longest = "250 " + String(repeating: "x", count: SMTPReplyParser.maximumLineLength - 4)
        #expect(try parser.append("\(longest)\r\n".utf8).count == 1)
        #expect(throws: SMTPReplyError.lineTooLong) { try parser.append("\(longest)xx".utf8) }
        parser = SMTPReplyParser()
        for _ in 0..<SMTPReplyParser.maximumLines { _ = try parser.append("250-x\r\n".utf8) }
        #expect(throws: SMTPReplyError.tooManyLines) { try parser.append("250 x\r\n".utf8) }
    }

    @Test("Control characters do not reach a log")
    func readableText() throws {
        var parser = SMTPReplyParser()
        let reply = try #require(try parser.append([0x35, 0x35, 0x30, 0x20, 0x61, 0x0D, 0x1B, 0x00, 0xFF, 0x0D, 0x0A]).first)
        #expect(reply.text == "a   \u{FFFD}")
    }

    @Test(
        "An enhanced status is read if it agrees with the code",
        arguments: [
            ("5.1.1 nobody", "5.1.1"), ("5.7.509 policy", "5.7.509"), ("4.1.1 x", nil), ("5.1 x", nil), ("nobody", nil), ("5.1.1x y", nil),
        ]
    )
    func enhancedStatus(text: String, expected: String?) {
        #expect(SMTPReply(code: 550, lines: [text]).enhancedStatus?.description == expected)
    }

    @Test("Capabilities are read in any case and order")
    func capabilities() {
        let lines = ["mail.example", "pipelining", "Size 1000", "AUTH=LOGIN PLAIN", "SMTPUTF8", "X-UNKNOWN 1", ""]
        let capabilities = SMTPCapabilities(ehlo: SMTPReply(code: 250, lines: lines))
        #expect(capabilities.pipelining && capabilities.internationalised && capabilities.plainAuthentication && capabilities.declaresSize)
        #expect(!capabilities.eightBitMIME)
        #expect(capabilities.maximumSize == 1000)
        #expect(SMTPCapabilities(ehlo: SMTPReply(code: 250, lines: ["PIPELINING", "SIZE 0"])).maximumSize == nil)
        #expect(!SMTPCapabilities(ehlo: SMTPReply(code: 250, lines: ["PIPELINING"])).pipelining)
    }
}
