/// Reads one document by recursive descent, a byte at a time, never going back more than a token.
///
/// Each method starts at the first byte of what it reads and leaves `position` behind its last one.
struct JSONParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    var position = 0

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw JSONError(.byteOrderMark, at: 0) }
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        if position < bytes.count { throw JSONError(.trailingBytes, at: position) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        switch try currentByte() {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw JSONError(.unexpectedByte, at: position)
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        if depth > maximumDepth { throw JSONError(.tooDeep, at: position) }
        position += 1
        var object = JSONObject()
        skipWhitespace()
        if try take(UInt8(ascii: "}")) { return object }
        while true {
            let start = position
            guard try currentByte() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
            let name = try string()
            skipWhitespace()
            guard try take(UInt8(ascii: ":")) else { throw JSONError(.unexpectedByte, at: position) }
            skipWhitespace()
            guard object.insert(try value(depth: depth), for: name) else { throw JSONError(.duplicateName, at: start) }
            skipWhitespace()
            if try take(UInt8(ascii: "}")) { return object }
            guard try take(UInt8(ascii: ",")) else { throw JSONError(.unexpectedByte, at: position) }
            skipWhitespace()
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        if depth > maximumDepth { throw JSONError(.tooDeep, at: position) }
        position += 1
        var elements: [JSONValue] = []
        skipWhitespace()
        if try take(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth))
            skipWhitespace()
            if try take(UInt8(ascii: "]")) { return elements }
            guard try take(UInt8(ascii: ",")) else { throw JSONError(.unexpectedByte, at: position) }
            skipWhitespace()
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for expected in text.description.utf8 {
            guard try currentByte() == expected else { throw JSONError(.unexpectedByte, at: position) }
            position += 1
        }
        return value
    }

    /// The byte at `position`.
    func currentByte() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    /// Steps over `byte` if it is next.
    mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
        guard try currentByte() == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }
}
