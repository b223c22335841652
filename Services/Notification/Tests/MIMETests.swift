import EventContracts
import Foundation
import NotificationService
import Testing

@Suite("Composed mails")
struct MIMETests {
    @Test("A plain letter, byte for byte")
    func plainLetter() throws {
        let bytes = try MIMEComposer.compose(letter(subject: "Your order", text: "Hi\n.\nbye", html: "<p class=x>Hi</p>"))
        let expected = """
            Date: Sat, 21 Nov 2026 10:10:23 +0000
            From: HappyMail <shop@happymail.example>
            To: Ada Lovelace <ada@example.org>
            Message-ID: <019aa5b2-7c00-7000-8000-000000000001@happymail.example>
            Subject: Your order
            X-Order-Id: 42
            Auto-Submitted: auto-generated
            MIME-Version: 1.0
            Content-Type: multipart/alternative;
             boundary="=_019aa5b2-7c00-7000-8000-000000000001"

            --=_019aa5b2-7c00-7000-8000-000000000001
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Hi
            =2E
            bye

            --=_019aa5b2-7c00-7000-8000-000000000001
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            <p class=3Dx>Hi</p>

            --=_019aa5b2-7c00-7000-8000-000000000001--

            """
        #expect(String(decoding: bytes, as: UTF8.self) == expected.replacing("\n", with: "\r\n"))
        #expect(try MIMEComposer.compose(letter(subject: "Your order", text: "Hi\n.\nbye", html: "<p class=x>Hi</p>")) == bytes)
    }

    @Test(
        "No header value can end its line",
        arguments: ["\r\n", "\n", "\r", "\u{0}", "\u{85}", "\u{2028}", "\u{2029}", "\u{1B}", "\u{7F}", "\t"]
    )
    func injection(breaker: String) {
        let evil = "a\(breaker)Bcc: eve@example.net"
        #expect(throws: LetterError.controlCharacter(header: "Subject")) { try MIMEComposer.compose(letter(subject: evil)) }
        #expect(throws: LetterError.controlCharacter(header: "To")) { try MIMEComposer.compose(letter(name: evil)) }
        #expect(throws: LetterError.controlCharacter(header: "From")) { try MIMEComposer.compose(letter(sender: evil)) }
        #expect(throws: LetterError.controlCharacter(header: "X-Note")) {
            try MIMEComposer.compose(letter(headers: [.init("X-Note", evil)]))
        }
        #expect(throws: LetterError.invalidHeaderName) { try MIMEComposer.compose(letter(headers: [.init("X\(breaker)", "y")])) }
    }

    @Test("Headers of the composer's own cannot be given again", arguments: ["Subject", "bcc", "CONTENT-TYPE", "Message-Id", "resent-to"])
    func reserved(name: String) {
        #expect(throws: LetterError.reservedHeader(name)) { try MIMEComposer.compose(letter(headers: [.init(name, "x")])) }
    }

    @Test("Header names and lengths are bounded", arguments: ["", "X Y", "X:", "É", String(repeating: "x", count: 41)])
    func names(name: String) {
        #expect(throws: LetterError.invalidHeaderName) { try MIMEComposer.compose(letter(headers: [.init(name, "x")])) }
        #expect(throws: LetterError.headerTooLong(header: "Subject")) {
            try MIMEComposer.compose(letter(subject: String(repeating: "x", count: 4_097)))
        }
    }

    @Test(
        "Any subject and name come back as they were",
        arguments: [
            "plain", "", " spaces  at the ends ", "déjà vu", "日本語の件名はとても長いので何行にも折り返さなければなりません、そうでしょう？", "😀👨‍👩‍👧‍👦🇫🇷 emoji",
            "=?utf-8?Q?fake?=", "a_b=c?d", String(repeating: "long words ", count: 30), String(repeating: "x", count: 500),
            "z" + String(repeating: "\u{301}", count: 60), "mixed ascii and кириллица \"quoted\" \\ <x@y>, z; (c)",
        ]
    )
    func roundTrip(text: String) throws {
        let head = try header(letter(name: text, subject: text))
        #expect(decoded(try #require(head["Subject"])) == text)
        let to = try #require(head["To"])
        #expect(to.hasSuffix(text.isEmpty ? "ada@example.org" : "<ada@example.org>"))
        let phrase = to.dropLast("<ada@example.org>".count).trimmingCharacters(in: .whitespaces)
        guard !text.isEmpty else { return }
        #expect((phrase.hasPrefix("\"") ? unquoted(phrase) : decoded(phrase)) == text)
    }

    @Test(
        "A display name is an atom, a quoted string or encoded",
        arguments: [
            ("Ada", "Ada"), ("Ada, Countess", "\"Ada, Countess\""), ("Ada \"A\" \\", "\"Ada \\\"A\\\" \\\\\""),
            ("Zoë", "=?utf-8?Q?Zo=C3=AB?="),
            ("a@b.example", "\"a@b.example\""),
        ]
    )
    func displayNames(name: String, written: String) throws {
        #expect(try header(letter(name: name))["To"] == "\(written) <ada@example.org>")
    }

    @Test(
        "Lines are short, ASCII, and end with CR LF, whatever the text",
        arguments: [
            "", "\n\n", "a\rb\r\nc\nd", String(repeating: "x", count: 1_000), String(repeating: "й", count: 1_000), "trailing \t \nspace ",
            ".\n..\nFrom here\n",
            String(repeating: "é = ", count: 300), "\u{0}\u{1B}",
            String(repeating: "😀", count: 200) + "\n" + String(repeating: "a", count: 76),
        ]
    )
    func bodies(text: String) throws {
        let bytes = try MIMEComposer.compose(letter(subject: String(repeating: "ä ", count: 100), text: text, html: text))
        #expect(bytes.allSatisfy { $0 < 0x80 })
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 76 && !$0.utf8.contains(0x0A) && !$0.utf8.contains(0x0D) })
        #expect(lines.allSatisfy { !$0.hasPrefix(".") && !$0.hasPrefix("From ") })
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") && !$0.hasSuffix("\t") })
        let canonical = canonicalised(text)
        #expect(try parts(bytes).map(canonicalised) == [canonical, canonical])
    }

    @Test("A user's name becomes a display name on one line")
    func userName() throws {
        let address = try #require(SMTPAddress("a@b.example"))
        #expect(Mailbox(userName: " Eve\r\nBcc: x\u{0}\u{2028}y ", address: address).name == "Eve Bcc: x y")
        #expect(Mailbox(userName: String(repeating: "x", count: 500), address: address).name?.count == 100)
    }

    @Test(
        "Dates of the proleptic calendar",
        arguments: [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 +0000"),
            (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
        ]
    )
    func dates(seconds: Int64, expected: String) throws {
        var letter = try letter()
        letter.date = Timestamp(microseconds: seconds * 1_000_000)
        #expect(try header(letter)["Date"] == expected)
    }
}

private func letter(
    sender: String = "HappyMail",
    name: String = "Ada Lovelace",
    subject: String = "x",
    text: String = "x",
    html: String = "x",
    headers: [Letter.Header] = [.init("X-Order-Id", "42")]
) throws -> Letter {
    Letter(
        id: try #require(MessageID("019aa5b2-7c00-7000-8000-000000000001")),
        from: Mailbox(name: sender, address: try #require(SMTPAddress("shop@happymail.example"))),
        to: Mailbox(name: name, address: try #require(SMTPAddress("ada@example.org"))),
        subject: subject,
        text: text,
        html: html,
        headers: headers,
        date: Timestamp(microseconds: 1_795_255_823_500_000)
    )
}

/// The headers of a composed letter, unfolded.
private func header(_ letter: Letter) throws -> [String: String] {
    let text = String(decoding: try MIMEComposer.compose(letter), as: UTF8.self)
    let head = text.components(separatedBy: "\r\n\r\n")[0].replacing("\r\n ", with: " ")
    var fields: [String: String] = [:]
    for line in head.components(separatedBy: "\r\n") {
        let colon = try #require(line.firstIndex(of: ":"))
        fields[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return fields
}

/// RFC 2047, written apart from the composer: white space between encoded-words goes, each of them is at most 75 long and whole UTF-8.
private func decoded(_ value: String) -> String? {
    guard value.contains(/=\?utf-8\?[QB]\?/) else { return value }
    var result = ""
    for word in value.split(separator: " ") {
        guard word.utf8.count <= 75, let match = word.wholeMatch(of: /=\?utf-8\?([QB])\?([!-~]*)\?=/) else { return nil }
        let bytes = match.1 == "B" ? Data(base64Encoded: String(match.2)).map { Array($0) } : unescaped(match.2.replacing("_", with: " "))
        guard let bytes, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        result += text
    }
    return result
}

private func unescaped(_ text: some StringProtocol) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "="), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return bytes
}

private func unquoted(_ phrase: String) -> String {
    String(phrase.dropFirst().dropLast()).replacing(/\\(.)/) { String($0.1) }
}

/// The texts of the two parts, decoded.
private func parts(_ bytes: [UInt8]) throws -> [String] {
    try String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n--=_")[1...2].map { part in
        let split = try #require(part.firstRange(of: "\r\n\r\n"))
        let body = String(part[split.upperBound...])
        guard part[..<split.lowerBound].contains("base64") else {
            return String(decoding: unescaped(body.replacing("=\r\n", with: "")), as: UTF8.self)
        }
        return String(decoding: try #require(Data(base64Encoded: body.replacing("\r\n", with: ""))), as: UTF8.self)
    }
}

/// Line ends made LF, without those at the end.
private func canonicalised(_ text: String) -> String {
    var scalars = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n").unicodeScalars
    while scalars.last == "\n" { scalars.removeLast() }
    return String(scalars)
}
