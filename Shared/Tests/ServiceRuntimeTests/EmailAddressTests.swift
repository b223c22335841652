import Testing

@testable import ServiceRuntime

@Suite struct EmailAddressTests {
    @Test(arguments: [
        "a@b.de", "first.last+tag@sub.example.com", "o'hara@example.ie", "x_y-z@a-b.co", "A@B.DE", "1@2.x3", "a@xn--bcher-kva.example",
        String(repeating: "a", count: 64) + "@example.com",
    ])
    func `Everyday addresses are taken`(address: String) {
        #expect(EmailAddress.isAcceptable(address))
    }

    @Test(arguments: [
        "", "a", "@", "a@", "@b.de", "a@b", "a@b.", "a@.de", "a@b..de", "a@@b.de", "a@b@c.de", "a b@c.de", "a@b .de", " a@b.de", "a@b.de ",
        ".a@b.de", "a.@b.de", "a..b@c.de", "\"a b\"@c.de", "a(c)@b.de",
        "<a@b.de>", "a@[127.0.0.1]", "a@127.0.0.1", "a@-b.de", "a@b-.de", "a@b_c.de", "ä@b.de", "a@bücher.de", "a@b.de,c@d.de", "a;b@c.de",
        "a\\b@c.de", "a:b@c.de", String(repeating: "a", count: 65) + "@b.de", "a@" + String(repeating: "b", count: 64) + ".de",
        "a@" + String(repeating: "b.", count: 126) + "de",
    ])
    func `What is none is refused`(address: String) {
        #expect(!EmailAddress.isAcceptable(address))
    }

    @Test(arguments: [
        Sample("newline", "a@b.de\n"), Sample("another header", "a@b.de\r\nBcc: c@d.de"), Sample("NUL", "a\u{0}@b.de"),
        Sample("tab", "a\t@b.de"),
        Sample("a header first", "Bcc: c@d.de\r\na@b.de"), Sample("line separator", "a\u{2028}@b.de"), Sample("next line", "a@b.de\u{85}"),
    ])
    func `What could be more than an address is refused`(address: Sample) {
        #expect(!EmailAddress.isAcceptable(address.text))
    }
}
