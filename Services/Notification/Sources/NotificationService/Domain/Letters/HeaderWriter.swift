/// Writes the header section of a mail: folded, encoded, and impossible to break out of.
///
/// Text that is not plain ASCII becomes encoded-words (RFC 2047) of at most 75 characters, on lines of at most 76, and none splits a
/// character. Every value is checked by the writer itself, so that no caller can forget to.
struct HeaderWriter {
    private(set) var bytes: [UInt8] = []
    private var column = 0

    /// Limit of a value's UTF-8, so that a header section stays bounded.
    static let maximumValueLength = 4_096

    /// A header whose value is ours and needs no check: a date, a content type.
    mutating func fixed(_ name: StaticString, _ value: String) {
        put("\(name): \(value)")
        endLine()
    }

    /// A header of free text, such as Subject.
    mutating func text(_ name: String, _ value: String) throws(LetterError) {
        try check(value, of: name)
        put("\(name):")
        if value.isEmpty { return endLine() }
        put(" ")
        if isPlainText(value), column + value.utf8.count <= 76, value.first != " ", value.last != " " {
            put(value)
        } else {
            encodedWords(value)
        }
        endLine()
    }

    /// A header with one mailbox: From, To.
    mutating func mailbox(_ name: StaticString, _ mailbox: Mailbox) throws(LetterError) {
        put("\(name):")
        let address = mailbox.address.description
        if let display = mailbox.name, !display.isEmpty {
            try check(display, of: "\(name)")
            put(" ")
            phrase(display)
            if column + address.utf8.count + 3 > 76 { fold() } else { put(" ") }
            put("<\(address)>")
        } else {
            put(" \(address)")
        }
        endLine()
    }

    private func check(_ value: String, of name: String) throws(LetterError) {
        guard !value.unicodeScalars.contains(where: isLineBreaking) else { throw .controlCharacter(header: name) }
        guard value.utf8.count <= Self.maximumValueLength else { throw .headerTooLong(header: name) }
    }

    /// A display name: as it is, quoted, or encoded (RFC 5322 §3.2.5).
    private mutating func phrase(_ text: String) {
        guard isPlainText(text), text.utf8.count <= 60, text.first != " ", text.last != " " else { return encodedWords(text) }
        let isAtoms = text.utf8.allSatisfy { isWordOctet($0) || $0 == UInt8(ascii: " ") } && !text.contains("  ")
        put(isAtoms ? text : "\"\(text.reduce(into: "") { $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : "\($1)" })\"")
    }

    /// ASCII that no reader takes for an encoded-word.
    private func isPlainText(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } && !text.contains("=?")
    }

    private mutating func encodedWords(_ text: String) {
        let octets = text.utf8
        let quotedLength = octets.reduce(0) { $0 + quotedCost($1) }
        let useQuoted = quotedLength <= Base64.length(octets.count)
        let overhead = "=?utf-8?Q?".utf8.count + "?=".utf8.count
        var word: [UInt8] = []
        for unit in units(text) {
            let room = min(75, 76 - column) - overhead
            let cost = useQuoted ? (word + unit).reduce(0) { $0 + quotedCost($1) } : Base64.length(word.count + unit.count)
            if cost > room {
                if !word.isEmpty { encodedWord(word, quoted: useQuoted) }
                fold()
                word = []
            }
            word += unit
        }
        encodedWord(word, quoted: useQuoted)
    }

    /// What may not be split: a character as the reader sees it, or, if that is too long for one word, a scalar.
    private func units(_ text: String) -> [[UInt8]] {
        text.flatMap { character in
            let octets = Array(character.utf8)
            return octets.count <= 15
                ? [octets] : character.unicodeScalars.map { Array(UTF8.encode($0) ?? UTF8.encodedReplacementCharacter) }
        }
    }

    private mutating func encodedWord(_ octets: [UInt8], quoted: Bool) {
        var word = Array("=?utf-8?\(quoted ? "Q" : "B")?".utf8)
        if quoted {
            for octet in octets {
                if octet == UInt8(ascii: " ") {
                    word.append(UInt8(ascii: "_"))
                } else if quotedCost(octet) == 1 {
                    word.append(octet)
                } else {
                    appendEscaped(octet, to: &word)
                }
            }
        } else {
            word += Base64.encode(octets)
        }
        bytes += word + Array("?=".utf8)
        column += word.count + 2
    }

    /// The strict set of RFC 2047 §5 (3), which is good in a display name as well as in a subject.
    private func quotedCost(_ octet: UInt8) -> Int {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): 1
        case UInt8(ascii: "!"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: " "): 1
        default: 3
        }
    }

    private mutating func put(_ text: String) {
        bytes += text.utf8
        column += text.utf8.count
    }

    private mutating func fold() {
        bytes += Array("\r\n ".utf8)
        column = 1
    }

    private mutating func endLine() {
        bytes += Array("\r\n".utf8)
        column = 0
    }
}

/// An octet of an atom (RFC 5322 §3.2.3).
func isWordOctet(_ octet: UInt8) -> Bool {
    switch octet {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(octet)
    }
}
