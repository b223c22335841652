import JSON
import Testing

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test(
        "Whole numbers that fit are integers, to the last one",
        arguments: [
            ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("9007199254740993", 9_007_199_254_740_993),
            ("-1", -1),
        ]
    )
    func keepsIntegers(text: String, expected: Int64) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .integer(expected))
    }

    @Test(
        "Other numbers are doubles, and so are whole numbers that do not fit",
        arguments: [
            ("9223372036854775808", 9_223_372_036_854_775_808.0), ("-9223372036854775809", -9_223_372_036_854_775_809.0), ("1.0", 1),
            ("1e0", 1),
            ("1.5", 1.5), ("-0.0", -0.0), ("1E+2", 100), ("1e-2", 0.01), ("123456789012345678901234567890", 1.2345678901234568e29),
            ("5e-324", .leastNonzeroMagnitude), ("1e-400", 0), ("1.7976931348623157e308", .greatestFiniteMagnitude), ("0.1", 0.1),
            ("2.2250738585072011e-308", Double(bitPattern: 0x000F_FFFF_FFFF_FFFF)),
        ]
    )
    func readsDoubles(text: String, expected: Double) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .number(expected))
    }

    @Test(
        "Numbers that JSON does not allow are refused",
        arguments: [
            ("01", JSONError.Kind.invalidNumber), ("-01", .invalidNumber), ("00", .invalidNumber), ("-", .unexpectedEnd),
            ("-a", .invalidNumber),
            ("1.", .unexpectedEnd), ("1.a", .invalidNumber), (".5", .unexpectedByte), ("+1", .unexpectedByte), ("1e", .unexpectedEnd),
            ("1e+", .unexpectedEnd), ("1e+x", .invalidNumber), ("0x10", .trailingBytes), ("1_000", .trailingBytes),
            ("1e1.5", .trailingBytes),
            ("1e309", .numberOutOfRange), ("-1e309", .numberOutOfRange), ("1e99999999999999999999", .numberOutOfRange),
            ("--1", .invalidNumber),
        ]
    )
    func refusesOthers(text: String, kind: JSONError.Kind) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
        #expect(error?.kind == kind)
    }

    @Test("A number of a hundred thousand digits is read or refused, quickly")
    func readsLongNumbers() throws {
        let digits = String(repeating: "9", count: 100_000)
        #expect(throws: JSONError(.numberOutOfRange, at: 0)) { try JSONValue(parsing: Array(digits.utf8)) }
        #expect(try JSONValue(parsing: Array("0.\(digits)".utf8)) == 1.0)
        #expect(try JSONValue(parsing: Array("0.\(String(repeating: "0", count: 100_000))1".utf8)) == 0.0)
    }

    @Test(
        "Doubles are written so that they read back the same",
        arguments: [
            0.1, 1.0, -0.0, 1e20, 1e-7, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1.0 / 3, 123_456_789.123_456_78,
            9_007_199_254_740_993.0,
        ]
    )
    func writesDoubles(number: Double) throws {
        let value = JSONValue.number(number)
        let read = try JSONValue(parsing: value.serialized())
        #expect(read == value)
        #expect(read.doubleValue?.sign == number.sign)
    }

    @Test("Numbers that JSON lacks are written as null", arguments: [Double.nan, .infinity, -.infinity])
    func writesNull(number: Double) {
        #expect(JSONValue.number(number).description == "null")
    }
}
