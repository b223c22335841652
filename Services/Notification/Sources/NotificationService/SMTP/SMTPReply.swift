/// One complete reply of a mail server (RFC 5321 §4.2), of one or more lines.
package struct SMTPReply: Sendable, Hashable {
    /// Three digits, 200–599.
    package let code: Int
    /// The texts behind the code, one per line, control characters replaced by spaces. Never empty.
    package let lines: [String]

    /// A reply as a test or the parser makes it.
    package init(code: Int, lines: [String]) {
        self.code = code
        self.lines = lines
    }

    /// All lines as one, at most 500 characters.
    package var text: String { String(lines.joined(separator: " ").prefix(500)) }

    /// Whether the command succeeded (2xx).
    package var isPositive: Bool { code / 100 == 2 }

    /// The enhanced status code `class.subject.detail` at the start of the text (RFC 3463), if its class agrees with the reply code.
    package var enhancedStatus: EnhancedStatus? {
        guard let status = lines.first.flatMap({ EnhancedStatus(startOf: $0) }), status.category == code / 100 else { return nil }
        return status
    }

    /// An enhanced mail system status code (RFC 3463), such as 5.1.1 for a mailbox that does not exist.
    package struct EnhancedStatus: Sendable, Hashable, CustomStringConvertible {
        /// 2 success, 4 transient, 5 permanent.
        package let category: Int
        /// What it is about, 0–999: 1 address, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 policy.
        package let subject: Int
        /// 0–999.
        package let detail: Int

        init?(startOf text: String) {
            let parts = text.prefix { $0 != " " }.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, parts.allSatisfy({ (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) }) else { return nil }
            guard let category = Int(parts[0]), let subject = Int(parts[1]), let detail = Int(parts[2]) else { return nil }
            guard [2, 4, 5].contains(category) else { return nil }
            (self.category, self.subject, self.detail) = (category, subject, detail)
        }

        /// `5.1.1`
        package var description: String { "\(category).\(subject).\(detail)" }
    }
}

func isDigit(_ octet: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet)
}
