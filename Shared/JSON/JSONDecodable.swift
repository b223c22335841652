/// A value that can be made from JSON.
package protocol JSONDecodable {
    /// Checks and takes over the value.
    ///
    /// - Throws: `JSONDecodingError` whose pointer is relative to `json`.
    init(json: JSONValue) throws(JSONDecodingError)
}

extension JSONValue: JSONDecodable {
    package init(json: JSONValue) { self = json }
}

extension JSONObject: JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .object(let value) = json else { throw JSONDecodingError("must be an object") }
        self = value
    }
}

extension String: JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .string(let value) = json else { throw JSONDecodingError("must be a string") }
        self = value
    }
}

extension Int64: JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .integer(let value) = json else { throw JSONDecodingError("must be an integer") }
        self = value
    }
}

extension Int: JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .integer(let value) = json, let value = Int(exactly: value) else { throw JSONDecodingError("must be an integer") }
        self = value
    }
}

extension Double: JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard let value = json.doubleValue else { throw JSONDecodingError("must be a number") }
        self = value
    }
}

extension Bool: JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .bool(let value) = json else { throw JSONDecodingError("must be true or false") }
        self = value
    }
}

extension Array: JSONDecodable where Element: JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .array(let values) = json else { throw JSONDecodingError("must be an array") }
        self = []
        reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            do throws(JSONDecodingError) {
                append(try Element(json: value))
            } catch {
                throw error.under(String(index))
            }
        }
    }
}

extension JSONDecodable where Self: RawRepresentable & CaseIterable, RawValue == String {
    /// One of the raw values; lets an enumeration conform by naming the protocol.
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard let value = Self(rawValue: try String(json: json)) else {
            throw JSONDecodingError("must be one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = value
    }
}
