/// What a server said it can do in its answer to EHLO (RFC 5321 §4.1.1.1).
package struct SMTPCapabilities: Sendable, Hashable {
    /// RFC 2920: several commands may travel together.
    package var pipelining = false
    /// RFC 6152: a message may have octets above 127.
    package var eightBitMIME = false
    /// RFC 6531: addresses and headers may be UTF-8.
    package var internationalised = false
    /// RFC 1870: MAIL takes `SIZE=`.
    package var declaresSize = false
    /// The largest message in octets; `nil` if the server names no limit.
    package var maximumSize: Int?
    /// RFC 4954, RFC 4616: a log-in with user name and password.
    package var plainAuthentication = false

    /// Those of a server that knows only HELO.
    package init() {}

    /// Reads the reply to EHLO; its first line is the greeting.
    package init(ehlo reply: SMTPReply) {
        for line in reply.lines.dropFirst() {
            let words = line.uppercased().split { $0 == " " || $0 == "=" }
            switch words.first {
            case "PIPELINING": pipelining = true
            case "8BITMIME": eightBitMIME = true
            case "SMTPUTF8": internationalised = true
            case "AUTH": plainAuthentication = plainAuthentication || words.dropFirst().contains("PLAIN")
            case "SIZE":
                declaresSize = true
                maximumSize = words.dropFirst().first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
            default: break
            }
        }
    }
}
