/// Any JSON document as a tree, for what has no Swift type: a payload being upcast, a schema, a body to look at before it is trusted.
///
/// Integers are kept apart from other numbers, so that money in minor units never passes through a `Double`: a number written without
/// fraction and exponent that fits `Int64` is `.integer`, every other one is `.number` and finite. `1` and `1.0` are therefore not equal.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// Reads one document, strictly as in RFC 8259.
    ///
    /// Refused: invalid UTF-8, a byte order mark, lone surrogates, a name used twice in one object, anything after the value, and numbers
    /// that do not fit a finite `Double`. Safe on hostile input: work is linear in the input and recursion ends at `maximumDepth`.
    ///
    /// - Parameters:
    ///   - bytes: the whole document in UTF-8.
    ///   - maximumDepth: how many arrays and objects may be nested, 1 to 512.
    /// - Throws: `JSONError` with the byte offset of what is wrong.
    package init(parsing bytes: [UInt8], maximumDepth: Int = 64) throws(JSONError) {
        precondition((1...512).contains(maximumDepth), "maximumDepth must be between 1 and 512")
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        self = try parser.document()
    }

    /// Reads one document from any collection of bytes; see ``init(parsing:maximumDepth:)``.
    package init(parsing bytes: some Collection<UInt8>, maximumDepth: Int = 64) throws(JSONError) {
        try self.init(parsing: [UInt8](bytes), maximumDepth: maximumDepth)
    }

    /// The compact JSON text in UTF-8, members in their order. Parsing it gives an equal value, unless a number is not finite: that is
    /// written as `null`.
    package func serialized() -> [UInt8] {
        jsonBytes(self)
    }

    /// The member of that name, or `nil` when there is none or this is not an object.
    package subscript(key: String) -> JSONValue? {
        objectValue?[key]
    }

    /// The text, if this is a string.
    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The integer, if this is an integer; `1.0` is not.
    package var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number, if this is an integer or another number; an integer beyond ±2⁵³ is rounded.
    package var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The truth value, if this is one.
    package var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements, if this is an array.
    package var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, if this is an object.
    package var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether this is `null`.
    package var isNull: Bool {
        self == .null
    }
}

extension JSONValue: CustomStringConvertible {
    /// The compact JSON text.
    package var description: String {
        String(decoding: serialized(), as: UTF8.self)
    }
}
