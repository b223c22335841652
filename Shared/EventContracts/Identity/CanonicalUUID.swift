#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The 36 characters of a UUID, read and written without Foundation's formatter, which is lenient and in upper case.
enum CanonicalUUID {
    /// The UUID, or `nil` unless the text is 8-4-4-4-12 hexadecimal digits.
    static func parse(_ text: String.UTF8View) -> UUID? {
        guard text.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var position = 0
        for byte in text {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Hexadecimal.digit(byte) else { return nil }
                if position < 18 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
            }
            position += 1
        }
        return UUID(high: high, low: low)
    }

    /// How many characters the text has, all of them ASCII.
    static let length = 36

    /// The canonical text, in lower case.
    static func text(of uuid: UUID) -> String {
        String(decoding: [UInt8](capacity: length) { append(uuid, to: &$0) }, as: UTF8.self)
    }

    /// Appends the canonical text, in lower case.
    static func append(_ uuid: UUID, to text: inout OutputSpan<UInt8>) {
        let (high, low) = uuid.words
        Hexadecimal.append(high >> 32, digits: 8, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(high >> 16, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(high, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(low >> 48, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(low, digits: 12, to: &text)
    }
}

extension UUID {
    /// A UUID from its two halves, most significant first.
    init(high: UInt64, low: UInt64) {
        func byte(_ word: UInt64, _ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> shift) }
        self.init(
            uuid: (
                byte(high, 56), byte(high, 48), byte(high, 40), byte(high, 32), byte(high, 24), byte(high, 16), byte(high, 8),
                byte(high, 0),
                byte(low, 56), byte(low, 48), byte(low, 40), byte(low, 32), byte(low, 24), byte(low, 16), byte(low, 8), byte(low, 0)
            )
        )
    }

    /// The two halves, most significant first.
    var words: (high: UInt64, low: UInt64) {
        let b = uuid
        func word(
            _ b0: UInt8,
            _ b1: UInt8,
            _ b2: UInt8,
            _ b3: UInt8,
            _ b4: UInt8,
            _ b5: UInt8,
            _ b6: UInt8,
            _ b7: UInt8
        ) -> UInt64 {
            let upper = UInt64(b0) << 56 | UInt64(b1) << 48 | UInt64(b2) << 40 | UInt64(b3) << 32
            let lower = UInt64(b4) << 24 | UInt64(b5) << 16 | UInt64(b6) << 8 | UInt64(b7)
            return upper | lower
        }
        return (word(b.0, b.1, b.2, b.3, b.4, b.5, b.6, b.7), word(b.8, b.9, b.10, b.11, b.12, b.13, b.14, b.15))
    }
}
