/// Where the mail server is and how long the client waits for it.
package struct SMTPConfiguration: Sendable, CustomStringConvertible {
    /// Host name, IPv4 or IPv6 address.
    package var host: String
    /// TCP port, 1–65535; 25 if the URL names none.
    package var port: Int
    /// User name and password for AUTH PLAIN; `nil` sends without a log-in. Secret.
    package var credentials: Credentials?
    /// The name given in EHLO; `nil` gives the address literal of the connection's own end (RFC 5321 §4.1.4).
    package var clientName: String?
    /// For name look-up and TCP together. Default 5 s.
    package var connectTimeout: Duration = .seconds(5)
    /// For the greeting and each reply but the one to a message. RFC 5321 §4.5.3.2 allows 5 minutes. Default 30 s.
    package var commandTimeout: Duration = .seconds(30)
    /// For sending a message and the reply to it. RFC 5321 allows 10 minutes; giving up sooner risks duplicates. Default 60 s.
    package var messageTimeout: Duration = .seconds(60)
    /// How long the connection is kept without work. Servers keep it for 5 minutes or less. Default 30 s.
    package var idleTimeout: Duration = .seconds(30)
    /// How long `close()`, or a cancelled task, waits for the reply to a message whose final dot was sent. Default 5 s.
    package var graceTimeout: Duration = .seconds(5)
    /// Mails that may wait in the client; more fail at once as transient. Default 4,096.
    package var maximumQueuedMails = 4_096

    /// Reads `smtp://[user:password@]host[:port]`; user and password are percent-encoded, an IPv6 address stands in brackets.
    ///
    /// - Throws: `SMTPConfigurationError` that names what is wrong and repeats no password.
    package init(url: String) throws(SMTPConfigurationError) {
        if url.lowercased().hasPrefix("smtps:") {
            throw SMTPConfigurationError(
                "smtps:// is not supported: this client speaks no TLS; use smtp:// to a relay on a trusted network"
            )
        }
        guard url.lowercased().hasPrefix("smtp://") else { throw SMTPConfigurationError("must begin with smtp://") }
        var rest = url.dropFirst("smtp://".count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw SMTPConfigurationError("must be visible ASCII, the rest percent-encoded")
        }
        if let at = rest.lastIndex(of: "@") {
            credentials = try Credentials(userInfo: rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        guard !rest.contains(where: { "/?#".contains($0) }) else {
            throw SMTPConfigurationError("must end after the port: no path, query or fragment")
        }
        (host, port) = try Self.authority(rest)
    }

    private static func authority(_ text: Substring) throws(SMTPConfigurationError) -> (String, Int) {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw SMTPConfigurationError("the IPv6 address lacks its closing bracket") }
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw SMTPConfigurationError("only a port may follow the IPv6 address") }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, text.hasPrefix("[") || !host.contains(where: { "[]:%".contains($0) }) else {
            throw SMTPConfigurationError("the host is missing or malformed")
        }
        guard let port else { return (String(host), 25) }
        guard port.utf8.allSatisfy(isDigit), let number = Int(port), (1...65_535).contains(number) else {
            throw SMTPConfigurationError("the port must be 1–65535")
        }
        return (String(host), number)
    }

    /// Host and port; never the password.
    package var description: String { "smtp://\(credentials == nil ? "" : "***@")\(host):\(port)" }
}

/// What is wrong with the URL of the mail server, in words for the operator; it holds no secret.
package struct SMTPConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence, to be put behind the key's name.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension SMTPConfiguration {
    /// A user name and password that print as stars.
    package struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
        let username: String
        let password: String

        init(userInfo: Substring) throws(SMTPConfigurationError) {
            let parts = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let username = percentDecoded(parts[0]), let password = percentDecoded(parts[1]) else {
                throw SMTPConfigurationError("the part before @ must be user:password, percent-encoded")
            }
            guard !username.isEmpty, !username.utf8.contains(0), !password.utf8.contains(0) else {
                throw SMTPConfigurationError("the user name must not be empty, and neither part may hold NUL")
            }
            (self.username, self.password) = (username, password)
        }

        /// The initial response of AUTH PLAIN (RFC 4616 §2), in base64.
        var plainResponse: [UInt8] { Base64.encode([0] + Array(username.utf8) + [0] + Array(password.utf8)) }

        /// Stars.
        package var description: String { "***" }
        /// Stars.
        package var debugDescription: String { "***" }
    }
}

/// The text behind percent-encoding (RFC 3986 §2.1), or `nil` if it is malformed or no UTF-8.
private func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
