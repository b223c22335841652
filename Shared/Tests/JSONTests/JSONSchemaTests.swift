import JSON
import ServiceTesting
import Testing

@Suite("The validator of JSON Schema")
struct JSONSchemaTests {
    @Test("Valid documents pass", arguments: valid)
    func passes(schema: JSONValue, document: JSONValue) throws {
        #expect(try JSONSchema(schema).violations(in: document) == [])
    }

    @Test("Each keyword finds what is wrong, and says where", arguments: invalid)
    func finds(schema: JSONValue, document: JSONValue, pointer: String) throws {
        let violations = try JSONSchema(schema).violations(in: document)
        #expect(violations.map(\.pointer) == [pointer], "\(violations)")
    }

    @Test("A schema that cannot be checked is refused", arguments: unusable)
    func refuses(schema: JSONValue, pointer: String) {
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(schema) }
        #expect(error?.pointer == pointer)
    }

    @Test("A schema that refers to itself ends")
    func endsRecursion() throws {
        #expect(try !JSONSchema(["$ref": "#"]).violations(in: 1).isEmpty)
        let tree: JSONValue = ["properties": ["left": ["$ref": "#"]], "additionalProperties": false]
        #expect(try JSONSchema(tree).violations(in: ["left": ["left": ["left": [:]]]]) == [])
        #expect(try JSONSchema(tree).violations(in: ["left": ["left": ["right": 1]]]).map(\.pointer) == ["/left/left/right"])
    }

    private static let uuid: JSONValue = "01a1fdb6-a448-7d90-bf7a-b44a04c9d89d"
    private static let valid: [(JSONValue, JSONValue)] = [
        (true, 1), ([:], [:]), (["type": "integer"], 1), (["type": "integer"], 1.0), (["type": "number"], 1),
        (["type": ["null", "string"]], nil),
        (["enum": [1, "a"]], "a"), (["const": ["a": 1]], ["a": 1.0]), (["minimum": 1, "maximum": 1], 1), (["minimum": 1], "no number"),
        (["minLength": 1, "maxLength": 1], "😀"), (["pattern": "b"], "abc"), (["pattern": "^[A-Z]{3}$"], "USD"), (["format": "uuid"], uuid),
        (["format": "date-time"], "2026-11-21T10:10:23.123Z"), (["format": "date-time"], "2026-11-21t10:10:23+01:30"),
        (["format": "email"], "a@b"), (["items": ["type": "string"]], ["a", "b"]),
        (["minItems": 1, "maxItems": 2, "uniqueItems": true], [1, 2]),
        (["required": ["a"], "properties": ["a": true]], ["a": nil, "b": 1]), (["oneOf": [["type": "string"], ["type": "integer"]]], 1),
        (["anyOf": [["minimum": 1], ["minimum": 5]]], 7), (["allOf": [["minimum": 1], ["maximum": 5]]], 3), (["not": ["type": "null"]], 1),
        (["$ref": "#/$defs/a~1b", "$defs": ["a/b": ["type": "string"]]], "x"), (["exclusiveMinimum": 1, "exclusiveMaximum": 3], 2),
        (["properties": ["a": true], "additionalProperties": ["type": "integer"]], ["a": "x", "b": 1]),
    ]
    private static let invalid: [(JSONValue, JSONValue, String)] = [
        (false, 1, ""), (["type": "integer"], 1.5, ""), (["type": "object"], [], ""), (["type": "boolean"], 0, ""),
        (["type": ["null", "string"]], 1, ""),
        (["enum": [1, "a"]], "b", ""), (["const": 1], 2, ""), (["minimum": 2], 1, ""), (["maximum": 0.5], 1, ""),
        (["exclusiveMinimum": 1], 1, ""),
        (["exclusiveMaximum": 1], 1, ""), (["minLength": 2], "😀", ""), (["maxLength": 1], "ab", ""),
        (["pattern": "^[A-Z]{3}$"], "USDX", ""),
        (["format": "uuid"], "01a1fdb6a4487d90bf7ab44a04c9d89d", ""), (["format": "uuid"], "{01a1fdb6-a448-7d90-bf7a-b44a04c9d89d}", ""),
        (["format": "date-time"], "2026-11-21 10:10:23Z", ""), (["format": "date-time"], "2026-11-21T10:10:23", ""),
        (["format": "date-time"], "2026-13-21T10:10:23Z", ""), (["format": "email"], "a b@c", ""), (["format": "email"], "a@b@c", ""),
        (["items": ["type": "string"]], ["a", 1], "/1"), (["minItems": 1], [], ""), (["maxItems": 1], [1, 2], ""),
        (["uniqueItems": true], [1, 1.0], ""), (["required": ["a"]], [:], "/a"), (["properties": ["a/b": false]], ["a/b": 1], "/a~1b"),
        (["additionalProperties": false, "properties": ["a": true]], ["a": 1, "b": 1], "/b"), (["not": true], 1, ""),
        (["oneOf": [["type": "string"], ["type": "integer"]]], nil, ""), (["oneOf": [["minimum": 1], ["minimum": 2]]], 3, ""),
        (["anyOf": [["minimum": 5], ["minimum": 6]]], 1, ""), (["allOf": [["minimum": 1], ["maximum": 5]]], 7, ""),
        (["properties": ["a": ["$ref": "#/$defs/x"]], "$defs": ["x": ["required": ["b"]]]], ["a": [:]], "/a/b"),
    ]
    private static let unusable: [(JSONValue, String)] = [
        (1, ""), (["tpye": "string"], "/tpye"), (["properties": ["a": ["patternProperties": [:]]]], "/properties/a/patternProperties"),
        (["type": "int"], "/type"), (["type": []], "/type"), (["format": "ipv4"], "/format"), (["$ref": "#/$defs/none"], "/$ref"),
        (["$ref": "other.json"], "/$ref"), (["pattern": "("], "/pattern"), (["minLength": -1], "/minLength"),
        (["required": "a"], "/required"),
        (["enum": []], "/enum"), (["items": [1]], "/items"), (["anyOf": []], "/anyOf"), (["anyOf": [["x": 1]]], "/anyOf/0/x"),
        (["$schema": "http://json-schema.org/draft-07/schema#"], "/$schema"), (["$defs": ["a": ["b": 1]]], "/$defs/a/b"),
    ]
}
