/// Digits to the base of sixteen, for identifiers.
enum Hexadecimal {
    /// The value of a digit in either case, or `nil`.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The number that lower-case digits spell, at most sixteen; `nil` for anything else.
    static func lowercaseNumber(_ text: some Sequence<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for byte in text {
            guard let digit = digit(byte), !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte) else { return nil }
            number = number << 4 | UInt64(digit)
        }
        return number
    }

    /// Appends the lowest `digits` digits of a number, in lower case.
    static func append(_ number: UInt64, digits: Int, to text: inout OutputSpan<UInt8>) {
        for place in stride(from: (digits - 1) * 4, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(place)) & 0xF
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
