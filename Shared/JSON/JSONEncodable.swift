/// A value that writes itself as JSON.
package protocol JSONEncodable {
    /// Writes exactly one JSON value.
    func write(to writer: inout JSONWriter)
}

/// The JSON text of a value, compact, UTF-8.
package func jsonBytes(_ value: some JSONEncodable) -> [UInt8] {
    var writer = JSONWriter()
    value.write(to: &writer)
    return writer.bytes
}

extension String: JSONEncodable {
    package func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Int: JSONEncodable {
    package func write(to writer: inout JSONWriter) { writer.integer(Int64(self)) }
}

extension Int64: JSONEncodable {
    package func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Double: JSONEncodable {
    package func write(to writer: inout JSONWriter) { writer.number(self) }
}

extension Bool: JSONEncodable {
    package func write(to writer: inout JSONWriter) { writer.bool(self) }
}

extension Optional: JSONEncodable where Wrapped: JSONEncodable {
    /// `nil` is `null`.
    package func write(to writer: inout JSONWriter) {
        if let self { self.write(to: &writer) } else { writer.null() }
    }
}

extension Array: JSONEncodable where Element: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.array { elements in
            for element in self { elements.element(element) }
        }
    }
}

extension JSONObject: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { members in
            for (name, value) in self { members.field(name, value) }
        }
    }
}

extension JSONValue: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.integer(value)
        case .number(let value): writer.number(value)
        case .string(let value): writer.string(value)
        case .array(let elements): elements.write(to: &writer)
        case .object(let members): members.write(to: &writer)
        }
    }
}

extension JSONEncodable where Self: RawRepresentable, RawValue == String {
    /// The raw value as a string; lets an enumeration conform by naming the protocol.
    package func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}
