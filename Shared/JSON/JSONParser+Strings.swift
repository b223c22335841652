extension JSONParser {
    /// A string with its quotation marks. Without escapes, the usual case, its bytes are copied once.
    mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        let isASCII = skipPlainBytes()
        guard try currentByte() != UInt8(ascii: "\\") else { return try escapedString(from: start) }
        let plain = bytes[start..<position]
        // Decoding cannot fail on ASCII, and costs a third of validating.
        return try finish(isASCII ? String(decoding: plain, as: UTF8.self) : String(validating: plain, as: UTF8.self), start)
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = [UInt8](bytes[start..<position])
        while try currentByte() == UInt8(ascii: "\\") {
            try unescape(into: &text)
            let plain = position
            _ = skipPlainBytes()
            text.append(contentsOf: bytes[plain..<position])
        }
        return try finish(String(validating: text, as: UTF8.self), start)
    }

    /// Checks what ended the string, and its encoding.
    private mutating func finish(_ text: String?, _ start: Int) throws(JSONError) -> String {
        guard try take(UInt8(ascii: "\"")) else { throw JSONError(.controlCharacter, at: position) }
        guard let text else { throw JSONError(.invalidUTF8, at: start) }
        return text
    }

    /// Stops at a quotation mark, a backslash, a control character or the end; tells whether all was ASCII until there.
    private mutating func skipPlainBytes() -> Bool {
        var union: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            union |= byte
            position += 1
        }
        return union < 0x80
    }

    private mutating func unescape(into text: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        let escape = try currentByte()
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: UTF8.encode(try escapedScalar(from: start)) ?? UTF8.encodedReplacementCharacter)
        default: throw JSONError(.invalidEscape, at: start)
        }
    }

    /// The character of `\uXXXX` or, beyond the basic plane, of `\uXXXX\uXXXX` (RFC 8259, section 7); `position` is behind the first `u`.
    private mutating func escapedScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimalUnit(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(first)), position + 1 < bytes.count,
            bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        else { throw JSONError(.loneSurrogate, at: start) }
        position += 2
        let second = try hexadecimalUnit(from: start)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONError(.loneSurrogate, at: start) }
        return scalar
    }

    private mutating func hexadecimalUnit(from start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let byte = try currentByte()
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw JSONError(.invalidEscape, at: start)
            }
            position += 1
        }
        return unit
    }
}
