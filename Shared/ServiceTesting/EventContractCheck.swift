package import EventContracts
import JSON

/// Checks what a service publishes against the contract: every event that leaves in a test goes through here.
package enum EventContractCheck {
    /// Everything in which an event departs from its schema or from EVENTS.md's headers; empty when it keeps the contract.
    ///
    /// Beyond the schema, a member that the schema does not name is a violation too: it would be a field that nobody agreed on.
    ///
    /// - Throws: `JSONError` or `JSONSchemaError` when the payload or the schema cannot be read at all.
    package static func violations(in event: EncodedEvent) throws -> [JSONSchemaViolation] {
        guard let known = EventCatalogue.event(of: event.type), let schemaText = EventCatalogue.schema(for: event.type) else {
            return [JSONSchemaViolation(pointer: "", detail: "is of a type that the catalogue does not have")]
        }
        let schema = try JSONSchema(parsing: schemaText)
        let payload = try JSONValue(parsing: event.payload)
        var violations = schema.violations(in: payload)
        for name in payload.objectValue?.keys ?? [] where schema.document["properties"]?[name] == nil {
            violations.append(JSONSchemaViolation(pointer: JSONDecodingError.pointer(to: name), detail: "is not in the schema"))
        }
        let expected: [(String, String)] = [
            (EventHeaderName.specVersion, "1.0"), (EventHeaderName.id, event.id.description), (EventHeaderName.source, known.source),
            (EventHeaderName.type, event.type.rawValue), (EventHeaderName.dataSchema, known.dataSchema),
            (EventHeaderName.partitionKey, event.key.rawValue), (EventHeaderName.contentType, "application/json"),
        ]
        for (name, value) in expected where event.header(name) != value {
            violations.append(JSONSchemaViolation(pointer: "", detail: "must have the header \(name) with the value \(value)"))
        }
        if event.topic != known.topic {
            violations.append(JSONSchemaViolation(pointer: "", detail: "must go to the topic \(known.topic)"))
        }
        return violations
    }
}
