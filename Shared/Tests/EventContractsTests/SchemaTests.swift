import EventContracts
import JSON
import ServiceTesting
import Testing

@Suite("Schemas of the events")
struct SchemaTests {
    @Test("Every version of every event has a schema that names itself", arguments: EventCatalogue.all.indices)
    func hasSchemas(index: Int) throws {
        let event = EventCatalogue.all[index]
        for version in 1...event.version {
            let schema = try JSONSchema(parsing: #require(EventCatalogue.schema(for: event.type, version: version)))
            #expect(schema.document["$schema"] == "https://json-schema.org/draft/2020-12/schema")
            #expect(schema.document["$id"] == .string("/schemas/\(event.type)/v\(version).json"))
            #expect(schema.document["type"] == "object")
            #expect(schema.document["additionalProperties"] == nil, "readers ignore unknown fields, so the schema must allow them")
        }
        #expect(EventCatalogue.schema(for: event.type) == EventCatalogue.schema(for: event.type, version: event.version))
    }

    @Test(
        "There is no schema of what is not in the catalogue",
        arguments: ["order.Nothing", "", "../order.OrderPlaced", "order.OrderPlaced/../x"]
    )
    func refusesUnknownTypes(type: String) {
        #expect(EventCatalogue.schema(for: EventType(rawValue: type)) == nil)
    }

    @Test("There is no schema of a version that does not exist", arguments: [-1, 0, 2, Int.max])
    func refusesUnknownVersions(version: Int) {
        #expect(EventCatalogue.schema(for: OrderPlaced.type, version: version) == nil)
    }

    @Test("No released schema was changed in a way that its readers or writers would notice", arguments: EventCatalogue.all.indices)
    func keepsReleasedSchemas(index: Int) throws {
        let event = EventCatalogue.all[index]
        for version in 1...event.version {
            let name = "\(event.type)/v\(version).schema.json"
            let bytes = try #require(GoldenFile.bytes(of: name), "Golden/\(name) is missing: copy the schema there when it is released")
            let current = try #require(EventCatalogue.schema(for: event.type, version: version))
            let violations = try SchemaCompatibility.violations(released: JSONValue(parsing: bytes), current: JSONValue(parsing: current))
            #expect(violations == [], "make this version \(event.version + 1), with an upcaster")
        }
    }

    @Test("What keeps a version", arguments: compatible)
    func allows(change: SchemaChange) throws {
        #expect(SchemaCompatibility.violations(released: Self.released, current: change.result) == [])
    }

    @Test("What needs a new version", arguments: incompatible)
    func refuses(change: SchemaChange, expected: String) throws {
        #expect(SchemaCompatibility.violations(released: Self.released, current: change.result) == [expected])
    }

    struct SchemaChange: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let result: JSONValue

        init(_ description: String, _ change: (inout JSONValue) -> Void) {
            testDescription = description
            var schema = SchemaTests.released
            change(&schema)
            result = schema
        }
    }

    private static let released: JSONValue = [
        "type": "object", "description": "Old words.",
        "properties": [
            "id": ["type": "string", "format": "uuid"], "kind": ["enum": ["a", "b"]], "note": ["type": "string"],
            "price": ["$ref": "#/$defs/Money"], "tags": ["type": "array", "items": ["type": "string"]],
        ],
        "required": ["id", "kind"],
        "$defs": ["Money": ["type": "object", "properties": ["amount": ["type": "integer"]], "required": ["amount"]]],
    ]

    private static let compatible: [SchemaChange] = [
        SchemaChange("nothing") { _ in },
        SchemaChange("other words") { $0.set("description", to: "New words.") },
        SchemaChange("an optional field") { $0.set("properties", "extra", to: ["type": "integer"]) },
        SchemaChange("an optional field of a part") { $0.set("$defs", "Money", "properties", "precision", to: ["type": "integer"]) },
        SchemaChange("a definition") { $0.set("$defs", "Weight", to: ["type": "integer"]) },
        SchemaChange("required fields in another order") { $0.set("required", to: ["kind", "id"]) },
        SchemaChange("an example") { $0.set("properties", "note", "examples", to: ["x"]) },
    ]

    private static let incompatible: [(SchemaChange, String)] = [
        (SchemaChange("a field removed") { $0.set("properties", "note", to: nil) }, "/properties/note was removed"),
        (SchemaChange("a field of another type") { $0.set("properties", "note", "type", to: "integer") }, "/properties/note/type changed"),
        (
            SchemaChange("a field of more types") { $0.set("properties", "note", "type", to: ["string", "null"]) },
            "/properties/note/type changed"
        ),
        (SchemaChange("an optional field required") { $0.set("required", to: ["id", "kind", "note"]) }, "/required now has note"),
        (SchemaChange("a required field optional") { $0.set("required", to: ["id"]) }, "/required lost kind"),
        (SchemaChange("no field required any more") { $0.set("required", to: ["kind"]) }, "/required lost id"),
        (SchemaChange("a value added") { $0.set("properties", "kind", "enum", to: ["a", "b", "c"]) }, "/properties/kind/enum changed"),
        (SchemaChange("a value removed") { $0.set("properties", "kind", "enum", to: ["a"]) }, "/properties/kind/enum changed"),
        (SchemaChange("a format removed") { $0.set("properties", "id", "format", to: nil) }, "/properties/id/format changed"),
        (SchemaChange("a limit added") { $0.set("properties", "note", "maxLength", to: 5) }, "/properties/note/maxLength changed"),
        (
            SchemaChange("other elements") { $0.set("properties", "tags", "items", "type", to: "integer") },
            "/properties/tags/items/type changed"
        ),
        (SchemaChange("unknown fields forbidden") { $0.set("additionalProperties", to: false) }, "/additionalProperties changed"),
        (
            SchemaChange("a part's field required") { $0.set("$defs", "Money", "required", to: ["amount", "x"]) },
            "/$defs/Money/required now has x"
        ),
        (
            SchemaChange("a part's field changed") { $0.set("$defs", "Money", "properties", "amount", "type", to: "number") },
            "/$defs/Money/properties/amount/type changed"
        ),
        (SchemaChange("another part") { $0.set("properties", "price", "$ref", to: "#/$defs/Other") }, "/properties/price/$ref changed"),
    ]
}

extension JSONValue {
    /// Puts a value where a path of names leads, or takes away what is there.
    fileprivate mutating func set(_ path: String..., to value: JSONValue?) {
        set(path[...], value)
    }

    private mutating func set(_ path: ArraySlice<String>, _ value: JSONValue?) {
        guard let name = path.first, var members = objectValue else { return }
        if path.count == 1 {
            members[name] = value
        } else {
            members[name]?.set(path.dropFirst(), value)
        }
        self = .object(members)
    }
}
