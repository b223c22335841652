import JSON
import Testing

@Suite("Parsing JSON")
struct JSONParsingTests {
    @Test("Valid documents are read", arguments: valid)
    func reads(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == expected)
    }

    private static let valid: [(String, JSONValue)] = [
        ("null", nil), ("true", true), (" false\n", false), ("0", 0), ("-0", 0), ("42", 42), ("\"\"", ""), ("[]", []), ("{}", [:]),
        ("\t[ 1 , [ ] , { } ]\r\n", [1, [], [:]]),
        (#"{"a":{"b":[true,null,"x"]},"":1}"#, ["a": ["b": [true, nil, "x"]], "": 1]),
        (#""\"\\\/\b\f\n\r\t\u00e9\u0000""#, "\"\\/\u{8}\u{c}\n\r\té\0"),
        (#""\ud83d\ude00 \uD834\uDD1E""#, "😀 𝄞"),
        ("\"😀 \u{7F} \u{2028} é\"", "😀 \u{7F} \u{2028} é"),
    ]

    @Test("Malformed documents are refused, with the place", arguments: malformed)
    func refuses(text: String, kind: JSONError.Kind, offset: Int) throws {
        #expect(throws: JSONError(kind, at: offset)) { try JSONValue(parsing: Array(text.utf8)) }
    }

    private static let malformed: [(String, JSONError.Kind, Int)] = [
        ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("nul", .unexpectedEnd, 3), ("nulL", .unexpectedByte, 3),
        ("True", .unexpectedByte, 0),
        ("[1,]", .unexpectedByte, 3), ("[1", .unexpectedEnd, 2), ("[,1]", .unexpectedByte, 1), ("[1 2]", .unexpectedByte, 3),
        ("{\"a\"}", .unexpectedByte, 4), ("{\"a\":}", .unexpectedByte, 5), ("{\"a\":1,}", .unexpectedByte, 7),
        ("{a:1}", .unexpectedByte, 1),
        ("{\"a\":1", .unexpectedEnd, 6), ("{'a':1}", .unexpectedByte, 1), ("{1:1}", .unexpectedByte, 1),
        ("1 2", .trailingBytes, 2), ("{}]", .trailingBytes, 2), ("null,", .trailingBytes, 4),
        ("\u{FEFF}1", .byteOrderMark, 0), ("/* c */ 1", .unexpectedByte, 0), ("NaN", .unexpectedByte, 0), ("Infinity", .unexpectedByte, 0),
        ("\"a\nb\"", .controlCharacter, 2), ("\"a", .unexpectedEnd, 2), ("\"\\", .unexpectedEnd, 2), ("\"\\x41\"", .invalidEscape, 1),
        ("\"\\u12\"", .invalidEscape, 1), ("\"\\u12g4\"", .invalidEscape, 1), ("\"\\U0041\"", .invalidEscape, 1),
        ("\"\\u00", .unexpectedEnd, 5),
        ("\"\\ud800\"", .loneSurrogate, 1), ("\"\\udc00\"", .loneSurrogate, 1), ("\"\\ud800\\u0041\"", .loneSurrogate, 1),
        ("\"\\ud800\\ud800\"", .loneSurrogate, 1), ("\"\\ud800x\"", .loneSurrogate, 1), ("\"\\ud83d\\n\"", .loneSurrogate, 1),
        ("{\"a\":1,\"b\":2,\"a\":3}", .duplicateName, 13), ("{\"a\":1,\"\\u0061\":2}", .duplicateName, 7),
    ]

    @Test("Text that is not UTF-8 is refused", arguments: invalidUTF8)
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: [quote] + bytes + [quote]) }
        #expect(error?.kind == .invalidUTF8)
        let escaped = #expect(throws: JSONError.self) { try JSONValue(parsing: [quote] + Array("\\n".utf8) + bytes + [quote]) }
        #expect(escaped?.kind == .invalidUTF8)
        let name = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\"".utf8) + bytes + Array("\":1}".utf8)) }
        #expect(name?.kind == .invalidUTF8)
    }

    /// A lone continuation, cut sequences, overlong forms, an encoded surrogate, too large a code point, Latin-1, bytes that never occur.
    private static let invalidUTF8: [[UInt8]] = [
        [0x80], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0xED, 0xA0, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xE9, 0x74, 0xE9], [0xFE], [0xFF],
    ]

    @Test("Bytes outside strings that are not ASCII are refused")
    func refusesStrayBytes() {
        #expect(throws: JSONError(.unexpectedByte, at: 1)) { try JSONValue(parsing: [0x5B, 0xFF, 0x5D]) }
        #expect(throws: JSONError(.unexpectedByte, at: 0)) { try JSONValue(parsing: Array("\u{A0}1".utf8)) }
    }

    @Test("Nesting is allowed up to the limit and not beyond")
    func limitsDepth() throws {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64)) }
        #expect(throws: JSONError(.tooDeep, at: 64)) { try JSONValue(parsing: nested(65)) }
        #expect(throws: JSONError(.tooDeep, at: 3)) { try JSONValue(parsing: nested(4), maximumDepth: 3) }
        let mixed = String(repeating: "{\"a\":[", count: 33) + String(repeating: "]}", count: 33)
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(mixed.utf8)) }
    }

    @Test("A document of a hundred thousand brackets ends in an error, not in a crash", arguments: ["[", "{\"a\":"])
    func survivesDepthBomb(opening: String) {
        let bomb = Array(String(repeating: opening, count: 100_000).utf8)
        for limit in [1, 64, 512] {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bomb, maximumDepth: limit) }
            #expect(error?.kind == .tooDeep)
        }
    }

    @Test("Any collection of bytes can be read")
    func readsCollections() throws {
        let bytes = Array("xx[1]yy".utf8)
        #expect(try JSONValue(parsing: bytes[2..<5]) == [1])
        #expect(try JSONValue(parsing: "[1]".utf8) == [1])
    }

    @Test("Every prefix of a document is refused")
    func refusesPrefixes() {
        let document = Array(#"{"id":"é\u00e9","n":[-1.5e3,true,null,{}]}"#.utf8)
        for length in 0..<document.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: document[..<length]) }
        }
    }
}
