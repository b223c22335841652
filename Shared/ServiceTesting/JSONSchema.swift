package import JSON

/// A JSON Schema (draft 2020-12) to check documents with in tests: a small validator that is honest about what it cannot do.
///
/// It knows the keywords that our schemas use and refuses a schema with any other, so that no check passes because nobody looked. Formats
/// are asserted, not only noted. References stay within the document (`#`, `#/$defs/Money`).
package struct JSONSchema: Sendable {
    /// The whole schema document.
    package let document: JSONValue

    /// Takes over a schema after checking that every keyword in it is known and has the right shape.
    ///
    /// - Throws: `JSONSchemaError` with the place in the schema.
    package init(_ document: JSONValue) throws(JSONSchemaError) {
        self.document = document
        try check(document, at: "")
    }

    /// Reads a schema from its JSON text.
    ///
    /// - Throws: `JSONSchemaError`.
    package init(parsing bytes: [UInt8]) throws(JSONSchemaError) {
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue(parsing: bytes) } catch {
            throw JSONSchemaError(pointer: "", detail: error.description)
        }
        try self.init(document)
    }

    /// Everything in which a document departs from the schema; empty when it is valid.
    package func violations(in value: JSONValue) -> [JSONSchemaViolation] {
        var evaluation = JSONSchemaEvaluation(root: document)
        evaluation.apply(document, to: value, at: "", depth: 0)
        return evaluation.violations
    }

    /// The schema to which a reference leads, or `nil`.
    static func resolve(_ reference: String, in root: JSONValue) -> JSONValue? {
        guard reference.hasPrefix("#") else { return nil }
        var value: JSONValue? = root
        for token in reference.dropFirst().split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            var name = ""
            var rest = token[...]
            while let character = rest.popFirst() {
                guard character == "~" else {
                    name.append(character)
                    continue
                }
                switch rest.popFirst() {
                case "0": name.append("~")
                case "1": name.append("/")
                default: return nil
                }
            }
            value = value?[name]
        }
        return value
    }
}

/// A schema that this validator will not work with.
package struct JSONSchemaError: Error, Hashable, CustomStringConvertible {
    /// Where in the schema: a JSON Pointer.
    package let pointer: String
    /// What is wrong there.
    package let detail: String

    package var description: String { "\(pointer) \(detail)" }
}

/// One way in which a document departs from its schema.
package struct JSONSchemaViolation: Sendable, Hashable, CustomStringConvertible {
    /// Where in the document: a JSON Pointer, empty for the whole.
    package let pointer: String
    /// What is wrong there.
    package let detail: String

    package var description: String { "\(pointer) \(detail)" }
}

extension JSONSchema {
    private static let annotations: Set<String> = ["$comment", "$id", "default", "deprecated", "description", "examples", "title"]
    private static let types: Set<String> = ["array", "boolean", "integer", "null", "number", "object", "string"]

    /// Goes through a schema and the schemas in it. Recursion ends because the document is a finite tree.
    private func check(_ schema: JSONValue, at pointer: String) throws(JSONSchemaError) {
        if schema.boolValue != nil { return }
        guard let keywords = schema.objectValue else { throw JSONSchemaError(pointer: pointer, detail: "must be a schema") }
        for (keyword, value) in keywords where !Self.annotations.contains(keyword) {
            let place = pointer + JSONDecodingError.pointer(to: keyword)
            guard try isWellFormed(keyword, value, at: place) else { throw JSONSchemaError(pointer: place, detail: "has no valid value") }
        }
    }

    private func isWellFormed(_ keyword: String, _ value: JSONValue, at place: String) throws(JSONSchemaError) -> Bool {
        switch keyword {
        case "$schema":
            return value == "https://json-schema.org/draft/2020-12/schema"
        case "$defs", "properties":
            guard let schemas = value.objectValue else { return false }
            for (name, schema) in schemas { try check(schema, at: place + JSONDecodingError.pointer(to: name)) }
            return true
        case "items", "additionalProperties", "not":
            try check(value, at: place)
            return true
        case "allOf", "anyOf", "oneOf":
            guard let schemas = value.arrayValue, !schemas.isEmpty else { return false }
            for (index, schema) in schemas.enumerated() { try check(schema, at: "\(place)/\(index)") }
            return true
        case "$ref":
            return value.stringValue.flatMap { Self.resolve($0, in: document) } != nil
        case "type":
            let names = value.arrayValue ?? [value]
            return !names.isEmpty && names.allSatisfy { $0.stringValue.map(Self.types.contains) ?? false }
        case "enum":
            return value.arrayValue.map { !$0.isEmpty } ?? false
        case "const":
            return true
        case "required":
            return value.arrayValue.map { $0.allSatisfy { $0.stringValue != nil } } ?? false
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
            return value.doubleValue != nil
        case "minLength", "maxLength", "minItems", "maxItems":
            return value.integerValue.map { $0 >= 0 } ?? false
        case "uniqueItems":
            return value.boolValue != nil
        case "pattern":
            return value.stringValue.flatMap(JSONSchemaText.expression) != nil
        case "format":
            return value.stringValue.map(JSONSchemaText.formats.contains) ?? false
        default:
            throw JSONSchemaError(pointer: place, detail: "is a keyword that this validator does not know")
        }
    }
}
