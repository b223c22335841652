/// Writes the members of an object; lent by ``JSONWriter/object(_:)``.
///
/// A name must be written once only: nothing here checks.
package struct JSONObjectWriter: Sendable {
    private var writer: JSONWriter
    private var isEmpty = true

    init(continuing writer: consuming JSONWriter) {
        self.writer = writer
    }

    consuming func finish() -> JSONWriter {
        writer
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: String) {
        begin(name)
        writer.string(value)
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: Int64) {
        begin(name)
        writer.integer(value)
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: Int) {
        begin(name)
        writer.integer(Int64(value))
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: Bool) {
        begin(name)
        writer.bool(value)
    }

    /// Writes a member of any shape; `nil` is written as `null`.
    package mutating func field(_ name: String, _ value: JSONValue?) {
        begin(name)
        (value ?? .null).write(to: &writer)
    }

    /// Writes a member; an optional that is `nil` is written as `null`.
    package mutating func field(_ name: String, _ value: some JSONEncodable) {
        begin(name)
        value.write(to: &writer)
    }

    /// Writes a member, or nothing at all when the value is `nil`.
    package mutating func field(_ name: String, ifPresent value: (some JSONEncodable)?) {
        if let value { field(name, value) }
    }

    /// Writes a member that is an object.
    package mutating func object(_ name: String, _ body: (inout JSONObjectWriter) throws -> Void) rethrows {
        begin(name)
        try writer.object(body)
    }

    /// Writes a member that is an array.
    package mutating func array(_ name: String, _ body: (inout JSONArrayWriter) throws -> Void) rethrows {
        begin(name)
        try writer.array(body)
    }

    /// Writes a member from bytes that already are one JSON value; they are not looked at.
    package mutating func field(_ name: String, raw json: [UInt8]) {
        begin(name)
        writer.raw(json)
    }

    private mutating func begin(_ name: String) {
        if !isEmpty { writer.punctuation(",") }
        isEmpty = false
        writer.string(name)
        writer.punctuation(":")
    }
}

/// Writes the elements of an array; lent by ``JSONWriter/array(_:)``.
package struct JSONArrayWriter: Sendable {
    private var writer: JSONWriter
    private var isEmpty = true

    init(continuing writer: consuming JSONWriter) {
        self.writer = writer
    }

    consuming func finish() -> JSONWriter {
        writer
    }

    /// Writes an element; an optional that is `nil` is written as `null`.
    package mutating func element(_ value: some JSONEncodable) {
        begin()
        value.write(to: &writer)
    }

    /// Writes an element that is an object.
    package mutating func object(_ body: (inout JSONObjectWriter) throws -> Void) rethrows {
        begin()
        try writer.object(body)
    }

    /// Writes an element that is an array.
    package mutating func array(_ body: (inout JSONArrayWriter) throws -> Void) rethrows {
        begin()
        try writer.array(body)
    }

    /// Writes an element from bytes that already are one JSON value; they are not looked at.
    package mutating func element(raw json: [UInt8]) {
        begin()
        writer.raw(json)
    }

    private mutating func begin() {
        if !isEmpty { writer.punctuation(",") }
        isEmpty = false
    }
}
