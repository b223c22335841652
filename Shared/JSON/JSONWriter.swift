/// Writes compact JSON straight into bytes, without a tree in between: how events and answers leave the process.
///
/// The writer escapes and places commas. That exactly one value is written where one belongs is the caller's part, which the closures of
/// `object` and `array` make easy.
package struct JSONWriter: Sendable {
    /// What was written so far, UTF-8.
    package private(set) var bytes: [UInt8]

    /// An empty writer.
    ///
    /// - Parameter capacity: how many bytes to have room for from the start.
    package init(reserving capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Writes an object whose members `body` gives.
    package mutating func object(_ body: (inout JSONObjectWriter) throws -> Void) rethrows {
        bytes.append(UInt8(ascii: "{"))
        var members = JSONObjectWriter(continuing: take())
        defer {
            self = members.finish()
            bytes.append(UInt8(ascii: "}"))
        }
        try body(&members)
    }

    /// Writes an array whose elements `body` gives.
    package mutating func array(_ body: (inout JSONArrayWriter) throws -> Void) rethrows {
        bytes.append(UInt8(ascii: "["))
        var elements = JSONArrayWriter(continuing: take())
        defer {
            self = elements.finish()
            bytes.append(UInt8(ascii: "]"))
        }
        try body(&elements)
    }

    /// Writes a string, escaping what RFC 8259 wants escaped and nothing else.
    package mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        for index in start..<bytes.count where Self.mustEscape(bytes[index]) {
            bytes.removeSubrange(start...)
            appendEscaped(value)
            break
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a string of ASCII in which nothing needs escaping, such as an id or a time, without making a `String` of it.
    ///
    /// - Parameters:
    ///   - capacity: how many bytes `fill` appends at most.
    ///   - fill: appends the characters between the quotation marks.
    package mutating func string(ascii capacity: Int, _ fill: (inout OutputSpan<UInt8>) -> Void) {
        bytes.append(addingCapacity: capacity + 2) { text in
            text.append(UInt8(ascii: "\""))
            fill(&text)
            text.append(UInt8(ascii: "\""))
        }
    }

    /// Writes an integer.
    package mutating func integer(_ value: Int64) {
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes the shortest text that reads back as the same number; `null` for infinities and NaN, which JSON lacks.
    package mutating func number(_ value: Double) {
        if value.isFinite { bytes.append(contentsOf: value.description.utf8) } else { null() }
    }

    /// Writes `true` or `false`.
    package mutating func bool(_ value: Bool) {
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes `null`.
    package mutating func null() {
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes bytes that already are one JSON value; they are not looked at.
    package mutating func raw(_ json: [UInt8]) {
        bytes.append(contentsOf: json)
    }

    /// Writes a value that knows how.
    package mutating func value(_ value: some JSONEncodable) {
        value.write(to: &self)
    }

    /// Writes a comma or a colon.
    mutating func punctuation(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
    }

    /// Moves the bytes into another writer, so that appending there never copies them.
    private mutating func take() -> JSONWriter {
        var taken = JSONWriter(reserving: 0)
        swap(&taken.bytes, &bytes)
        return taken
    }

    private static func mustEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x08: bytes.append(contentsOf: "\\b".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0C: bytes.append(contentsOf: "\\f".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x00..<0x20:
                bytes.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
    }
}
