/// How a text travels in lines of at most 76 ASCII characters (RFC 2045 §6): whichever of the two is shorter.
enum TransferEncoding: String {
    /// Readable for mostly ASCII text.
    case quotedPrintable = "quoted-printable"
    /// Shorter where most characters are beyond ASCII.
    case base64

    /// The shorter encoding of `text`.
    init(shortestFor text: String) {
        var (length, escaped) = (0, 0)
        for octet in text.utf8 {
            length += 1
            if octet >= 0x7F || octet == UInt8(ascii: "=") { escaped += 1 }
        }
        self = length + 2 * escaped <= Base64.length(length) ? .quotedPrintable : .base64
    }

    /// Appends `text`, its line ends made CR LF; the result ends with CR LF.
    func append(_ text: String, to bytes: inout [UInt8]) {
        let lines = canonicalLines(text)
        switch self {
        case .quotedPrintable:
            for line in lines { appendQuotedPrintable(line, to: &bytes) }
        case .base64:
            let encoded = Base64.encode(Array(lines.joined(separator: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])))
            for start in stride(from: 0, to: encoded.count, by: 76) {
                bytes += encoded[start..<min(start + 76, encoded.count)]
                bytes += lineEnd
            }
            if encoded.isEmpty { bytes += lineEnd }
        }
    }
}

private let lineEnd: [UInt8] = [UInt8(ascii: "\r"), UInt8(ascii: "\n")]

/// The lines of a text whose lines end with CR LF, LF or CR.
private func canonicalLines(_ text: String) -> [ArraySlice<UInt8>] {
    let octets = Array(text.utf8)
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    for (index, octet) in octets.enumerated() where octet == lineEnd[0] || octet == lineEnd[1] {
        if octet == lineEnd[1], index > 0, octets[index - 1] == lineEnd[0] {
            start = index + 1
            continue
        }
        lines.append(octets[start..<index])
        start = index + 1
    }
    if start < octets.count { lines.append(octets[start...]) }
    return lines
}

/// One line, folded with soft breaks. A dot or "From " at a line's start is escaped, too, because there are servers that change them.
private func appendQuotedPrintable(_ line: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    var column = 0
    for index in line.indices {
        let octet = line[index]
        let isLast = index == line.endIndex - 1
        var isLiteral = isPlain(octet) && !(isLast && (octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t")))
        // Room for a soft break behind this octet, unless the line ends here.
        if column + (isLiteral ? 1 : 3) > (isLast ? 76 : 75) {
            bytes += [UInt8(ascii: "=")] + lineEnd
            column = 0
        }
        if column == 0, octet == UInt8(ascii: ".") || line[index...].starts(with: "From ".utf8) { isLiteral = false }
        if isLiteral {
            bytes.append(octet)
        } else {
            appendEscaped(octet, to: &bytes)
        }
        column += isLiteral ? 1 : 3
    }
    bytes += lineEnd
}

private func isPlain(_ octet: UInt8) -> Bool {
    (0x20..<0x7F).contains(octet) && octet != UInt8(ascii: "=") || octet == UInt8(ascii: "\t")
}

/// `=E2`: for quoted-printable and for encoded-words.
func appendEscaped(_ octet: UInt8, to bytes: inout [UInt8]) {
    let digits = Array("0123456789ABCDEF".utf8)
    bytes += [UInt8(ascii: "="), digits[Int(octet >> 4)], digits[Int(octet & 0xF)]]
}
