import EventContracts
import JSON
import ServiceTesting
import Testing

@Suite("Golden files of the events")
struct GoldenTests {
    @Test("There is a sample of every event, and so a golden file")
    func coversCatalogue() {
        #expect(EventSamples.all.map { type(of: $0).type } == EventCatalogue.all.map { $0.type })
    }

    @Test("Every version that was ever written is read as the event it meant", arguments: EventSamples.all.indices)
    func decodesEveryVersion(index: Int) throws {
        try checkEveryVersion(EventSamples.all[index])
    }

    private func checkEveryVersion<E: Event>(_ event: E) throws {
        for version in 1...E.version {
            let envelope = try GoldenFile(E.type, version: version).received().decode(E.self)
            #expect(envelope.event == event)
            #expect(envelope.metadata.id == EventSamples.metadata.id)
            #expect(envelope.metadata.time == EventSamples.metadata.time)
            #expect(envelope.metadata.causation == EventSamples.metadata.causation)
            #expect(envelope.metadata.trace == EventSamples.metadata.trace)
            #expect(envelope.metadata.correlation == event.correlation)
        }
    }

    @Test(
        "What is written today is the golden file of its version, header for header and field for field",
        arguments: EventSamples.all.indices
    )
    func encodesCurrentVersion(index: Int) throws {
        try checkEncoding(EventSamples.all[index])
    }

    private func checkEncoding<E: Event>(_ event: E) throws {
        let golden = try GoldenFile(E.type, version: E.version).json
        let written = try GoldenFile.json(of: EventSamples.encoded(event))
        #expect(written.description == golden.description)
    }

    @Test("Every event keeps its contract", arguments: EventSamples.all.indices)
    func matchesSchema(index: Int) throws {
        #expect(try EventContractCheck.violations(in: EventSamples.encoded(EventSamples.all[index])) == [])
    }

    @Test("An event without its optional field keeps its contract and comes back without it")
    func leavesOutOptional() throws {
        let welcome = MessageSent(messageID: EventSamples.message, orderID: nil, userID: EventSamples.user, kind: .welcome)
        let encoded = EventSamples.encoded(welcome)
        #expect(try JSONObject(json: JSONValue(parsing: encoded.payload)).keys == ["message_id", "user_id", "kind"])
        #expect(encoded.header("ce_correlationid") == EventSamples.user.description)
        #expect(try EventContractCheck.violations(in: encoded) == [])
        #expect(try ReceivedEvent(encoded).decode(MessageSent.self).event == welcome)
    }

    @Test("An order without items keeps its contract")
    func allowsNoItems() throws {
        let placed = OrderPlaced(orderID: EventSamples.order, userID: EventSamples.user, items: [], total: EventSamples.price)
        #expect(try EventContractCheck.violations(in: EventSamples.encoded(placed)) == [])
        #expect(try ReceivedEvent(EventSamples.encoded(placed)).decode(OrderPlaced.self).event == placed)
    }

    @Test(
        "Every field that the schema requires is required by the decoder, and every other one may be left out",
        arguments: EventSamples.all.indices
    )
    func agreesOnRequiredFields(index: Int) throws {
        try checkRequiredFields(EventSamples.all[index])
    }

    private func checkRequiredFields<E: Event>(_ event: E) throws {
        let schema = try JSONSchema(parsing: #require(EventCatalogue.schema(for: E.type)))
        let required = try #require(schema.document["required"]?.arrayValue).compactMap(\.stringValue)
        let payload = try JSONObject(json: JSONValue(parsing: jsonBytes(event)))
        #expect(Set(payload.keys) == Set(schema.document["properties"]?.objectValue?.keys ?? []))
        for name in payload.keys {
            var partial = payload
            partial[name] = nil
            let isRead = (try? E(json: .object(partial))) != nil
            #expect(isRead != required.contains(name), "\(E.type) \(name)")
            #expect(schema.violations(in: .object(partial)).isEmpty == isRead)
            partial[name] = ["no": "such type"]
            #expect(throws: JSONDecodingError.self) { try E(json: .object(partial)) }
            #expect(!schema.violations(in: .object(partial)).isEmpty, "\(E.type) \(name)")
        }
    }

    @Test("Unknown fields are ignored, wherever they are", arguments: EventSamples.all.indices)
    func ignoresUnknownFields(index: Int) throws {
        try checkUnknownFields(EventSamples.all[index])
    }

    private func checkUnknownFields<E: Event>(_ event: E) throws {
        #expect(try E(json: addingFields(to: JSONValue(parsing: jsonBytes(event)))) == event)
    }

    private func addingFields(to value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members): .object(JSONObject([("from_the_future", [1])] + members.map { ($0.key, addingFields(to: $0.value)) }))
        case .array(let elements): .array(elements.map(addingFields))
        default: value
        }
    }
}
