import NotificationService
import Testing

@Suite("SMTP addresses, messages and configuration")
struct SMTPTestsValues {
    @Test(
        "Addresses that people have are taken",
        arguments: [
            "ada@example.org", "a.b+c@x.example", "o'neil@example.co.uk", "dots..@docomo.example", "грета@пример.рф", "root@localhost",
            "a@[192.0.2.1]",
        ]
    )
    func addresses(text: String) throws {
        #expect(try #require(SMTPAddress(text)).description == text)
    }

    @Test(
        "What could change a command or a header is no address",
        arguments: [
            "", "@", "a@", "@b", "a", "a b@c", "a@b c", "a@b>", "<a@b", "a@b\r\nDATA", "a\u{0}@b", "a,b@c", "a@b,c", "a@b..c", "a@-b",
            "\"a b\"@c", "a@b@c",
            "a\u{2028}@b", "a\u{202E}@b", "a@b\u{85}", "a(b)@c", "a@[]", "a@[x\r]", "a@\u{A0}b",
        ]
    )
    func refusedAddresses(text: String) {
        #expect(SMTPAddress(text) == nil)
    }

    @Test("Lengths of an address are bounded")
    func addressLengths() {
        #expect(SMTPAddress(String(repeating: "a", count: 64) + "@b") != nil)
        #expect(SMTPAddress(String(repeating: "a", count: 65) + "@b") == nil)
        #expect(SMTPAddress("a@" + String(repeating: "b", count: 64)) == nil)
        #expect(SMTPAddress("a@" + Array(repeating: "bbbbbbbb", count: 30).joined(separator: ".")) == nil)
    }

    @Test(
        "Dots are stuffed, line ends made whole, the final dot added",
        arguments: [
            ("", ".\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), (".", "..\r\n.\r\n"),
            ("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"), ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"), ("a\r\r\nb", "a\r\n\r\nb\r\n.\r\n"),
            ("a.b", "a.b\r\n.\r\n"),
        ]
    )
    func stuffing(data: String, wire: String) {
        #expect(String(decoding: SMTPMessage(Array(data.utf8)).wire, as: UTF8.self) == wire)
    }

    @Test("The declared size counts neither stuffing nor the final dot")
    func size() {
        #expect(SMTPMessage(Array("..a\n".utf8)).size == 5)
    }

    @Test("Octets above 127 are told apart by where they stand")
    func eightBit() {
        let inBody = SMTPMessage(Array("Subject: x\r\n\r\né".utf8))
        #expect(inBody.needsEightBit && !inBody.needsInternationalHeaders)
        let inHeaders = SMTPMessage(Array("To: é\r\n\r\nx".utf8))
        #expect(!inHeaders.needsEightBit && inHeaders.needsInternationalHeaders)
    }

    @Test(
        "URLs of mail servers",
        arguments: [
            ("smtp://mail.example", "mail.example", 25), ("SMTP://mail.example:2525/", "mail.example", 2525),
            ("smtp://[::1]:25", "::1", 25),
            ("smtp://u:p%40@10.0.0.1:587", "10.0.0.1", 587),
        ]
    )
    func url(text: String, host: String, port: Int) throws {
        let configuration = try SMTPConfiguration(url: text)
        #expect(configuration.host == host)
        #expect(configuration.port == port)
    }

    @Test(
        "URLs that are refused, without repeating the password",
        arguments: [
            "", "mail.example", "http://mail.example", "smtps://u:secret@mail.example", "smtp://", "smtp://:25", "smtp://h:0",
            "smtp://h:65536", "smtp://h:+1",
            "smtp://h:25/path", "smtp://h?tls=1", "smtp://u@h", "smtp://u:secret%0@h", "smtp://:secret@h", "smtp://u:secret%00@h",
            "smtp://[::1", "smtp://a b",
            "smtp://h:1:2", "smtp://[::1]x",
        ]
    )
    func refusedURL(text: String) {
        let error = #expect(throws: SMTPConfigurationError.self) { try SMTPConfiguration(url: text) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test("No description shows the password")
    func secrecy() throws {
        let configuration = try SMTPConfiguration(url: "smtp://user:secret@h")
        #expect(!"\(configuration) \(String(describing: configuration.credentials))".contains("secret"))
        #expect(!String(reflecting: configuration.credentials).contains("secret"))
    }
}
