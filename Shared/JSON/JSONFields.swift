/// JSON that does not say what it should: which field, and what is wrong with it.
package struct JSONDecodingError: Error, Hashable {
    /// Which field: a JSON Pointer (RFC 6901) such as `/price/amount`; empty for the whole document.
    package var pointer: String
    /// What is wrong, for people and without any of the input: "must be an integer".
    package var detail: String

    /// - Parameters:
    ///   - detail: what is wrong, starting in lower case.
    ///   - pointer: which field, from where the decoding began.
    package init(_ detail: String, at pointer: String = "") {
        self.pointer = pointer
        self.detail = detail
    }

    /// The same as ``init(_:at:)``, with the names of the fields.
    package init(pointer: String, detail: String) {
        self.init(detail, at: pointer)
    }

    /// The same error seen from one level higher, where the value is called `name`.
    package func under(_ name: String) -> JSONDecodingError {
        JSONDecodingError(detail, at: Self.pointer(to: name) + pointer)
    }

    /// One step of a pointer: `/` and the name, `~` and `/` escaped.
    package static func pointer(to name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return "/" + name }
        return name.reduce(into: "/") { pointer, character in
            switch character {
            case "~": pointer += "~0"
            case "/": pointer += "~1"
            default: pointer.append(character)
            }
        }
    }
}

extension JSONDecodingError: CustomStringConvertible {
    /// Pointer and detail.
    package var description: String {
        pointer.isEmpty ? detail : "\(pointer) \(detail)"
    }
}

/// Reads an object field by field. Fields nobody asks for are ignored, so that a writer may add some (EVENTS.md, Evolution).
package struct JSONFields: Sendable {
    /// The object.
    package let object: JSONObject
    /// Where it is; stands before the pointer of every error.
    package let pointer: String

    /// - Parameters:
    ///   - value: what should be an object.
    ///   - pointer: where it was found; empty when the caller is itself a `JSONDecodable`, whose caller knows.
    /// - Throws: `JSONDecodingError` "must be an object".
    package init(_ value: JSONValue, at pointer: String = "") throws(JSONDecodingError) {
        guard case .object(let object) = value else { throw JSONDecodingError("must be an object", at: pointer) }
        self.object = object
        self.pointer = pointer
    }

    /// The value of a field that must be there.
    ///
    /// - Throws: `JSONDecodingError` "is required", or what the type has against the value.
    package func required<T: JSONDecodable>(_ name: String, as type: T.Type = T.self) throws(JSONDecodingError) -> T {
        guard let value = object[name] else { throw located(JSONDecodingError("is required"), name) }
        return try decode(value, name)
    }

    /// The value of a field that may be absent or `null`: both are `nil`.
    ///
    /// - Throws: `JSONDecodingError` with what the type has against a value that is there.
    package func optional<T: JSONDecodable>(_ name: String, as type: T.Type = T.self) throws(JSONDecodingError) -> T? {
        guard let value = object[name], value != .null else { return nil }
        return try decode(value, name)
    }

    /// The error a caller throws when a field has the right type but not a right value: "must be positive".
    package func error(_ detail: String, at name: String) -> JSONDecodingError {
        located(JSONDecodingError(detail), name)
    }

    private func decode<T: JSONDecodable>(_ value: JSONValue, _ name: String) throws(JSONDecodingError) -> T {
        do throws(JSONDecodingError) {
            return try T(json: value)
        } catch {
            throw located(error, name)
        }
    }

    private func located(_ error: JSONDecodingError, _ name: String) -> JSONDecodingError {
        let inner = error.under(name)
        return JSONDecodingError(inner.detail, at: pointer + inner.pointer)
    }
}
