import EventContracts
import JSON
import Testing

@Suite("Events on the wire")
struct EnvelopeTests {
    private let event = UserErased(userID: EventSamples.user)
    private var encoded: EncodedEvent { EventSamples.encoded(event) }

    @Test("The headers are those of the catalogue, in its order")
    func writesHeaders() {
        let placed = EventSamples.encoded(
            OrderPlaced(orderID: EventSamples.order, userID: EventSamples.user, items: [], total: EventSamples.price)
        )
        #expect(
            placed.headers.map { "\($0.name)=\($0.value)" } == [
                "ce_specversion=1.0", "ce_id=0193bb2f-6d00-7a01-8000-0000000000e1", "ce_source=/order", "ce_type=order.OrderPlaced",
                "ce_time=2026-11-21T10:10:23.123Z", "ce_subject=0193bb2f-6d00-7a01-8000-000000000002",
                "ce_dataschema=/schemas/order.OrderPlaced/v1.json", "ce_partitionkey=0193bb2f-6c00-7a01-8000-000000000001",
                "ce_correlationid=0193bb2f-6d00-7a01-8000-000000000002", "ce_causationid=0193bb2f-6cff-7a01-8000-0000000000e0",
                "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "content-type=application/json",
            ]
        )
        #expect(placed.topic == "order.order-placed")
        #expect(placed.key == PartitionKey(EventSamples.user))
    }

    @Test("Headers without a value are left out")
    func leavesOutHeaders() throws {
        let encoded = EncodedEvent(event, causedBy: nil, trace: nil)
        #expect(
            encoded.headers.map(\.name) == [
                "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_dataschema", "ce_partitionkey",
                "ce_correlationid",
                "content-type",
            ]
        )
        let metadata = try ReceivedEvent(encoded).metadata
        #expect(metadata.causation == nil)
        #expect(metadata.trace == nil)
        #expect(metadata.id == encoded.id)
    }

    @Test("A record comes back as the event, with everything about it")
    func readsBack() throws {
        let received = try ReceivedEvent(encoded)
        #expect(received.type == "order.UserErased")
        #expect(received.version == 1)
        #expect(received.key == PartitionKey(EventSamples.user))
        #expect(received.subject == EventSamples.user.description)
        var metadata = EventSamples.metadata
        metadata.correlation = EventSamples.user.description
        #expect(try received.decode(UserErased.self) == EventEnvelope(event: event, metadata: metadata))
    }

    @Test("Headers may come in any order, with others among them")
    func readsAnyOrder() throws {
        let headers = [EventHeader(name: "x-attempts", value: "3")] + encoded.headers.reversed() + [EventHeader(name: "CE_ID", value: "?")]
        let received = try ReceivedEvent(encoded, headers: headers)
        #expect(received.metadata.id == EventSamples.metadata.id)
        #expect(received.headers == headers)
    }

    @Test(
        "A record without a header that every event has is refused",
        arguments: [
            "ce_specversion", "ce_id", "ce_type", "ce_time", "ce_dataschema", "ce_correlationid",
        ]
    )
    func refusesMissingHeader(name: String) {
        #expect(throws: EventDecodingError(.missingHeader, "\(name) is missing")) {
            try ReceivedEvent(encoded, headers: encoded.headers.filter { $0.name != name })
        }
        #expect(throws: EventDecodingError(.missingHeader, "\(name) is missing")) {
            try ReceivedEvent(encoded, headers: replacing(name, with: ""))
        }
    }

    @Test(
        "A record that can do without a header is read",
        arguments: ["ce_source", "ce_subject", "ce_partitionkey", "content-type", "traceparent"]
    )
    func allowsMissingHeader(name: String) throws {
        #expect(try ReceivedEvent(encoded, headers: encoded.headers.filter { $0.name != name }).decode(UserErased.self).event == event)
    }

    @Test(
        "A header that does not say what it should is refused",
        arguments: [
            ("ce_specversion", "0.3"), ("ce_id", "42"), ("ce_time", "yesterday"), ("ce_dataschema", "/schemas/order.OrderPlaced/v1.json"),
            ("ce_dataschema", "/schemas/order.UserErased/v0.json"), ("ce_dataschema", "/schemas/order.UserErased/v.json"),
            ("ce_dataschema", "/schemas/order.UserErased/v01.json"), ("ce_dataschema", "/schemas/order.UserErased/v+1.json"),
            ("ce_dataschema", "/schemas/order.UserErased/v99999999999999999999.json"), ("ce_dataschema", "v1.json"),
            ("content-type", "text/plain"),
            ("content-type", ""),
        ]
    )
    func refusesWrongHeader(name: String, value: String) {
        let error = #expect(throws: EventDecodingError.self) { try ReceivedEvent(encoded, headers: replacing(name, with: value)) }
        #expect(error?.code == .invalidHeader)
        #expect(error?.detail.hasPrefix(name) == true)
    }

    @Test("JSON may be announced with parameters and in capitals", arguments: ["application/json; charset=utf-8", "Application/JSON"])
    func readsContentType(value: String) throws {
        #expect(throws: Never.self) { try ReceivedEvent(encoded, headers: replacing("content-type", with: value)) }
    }

    @Test("A header that is there twice is refused")
    func refusesDoubledHeader() {
        #expect(throws: EventDecodingError(.invalidHeader, "ce_id is there twice")) {
            try ReceivedEvent(encoded, headers: encoded.headers + [EventHeader(name: "ce_id", value: EventID().description)])
        }
    }

    @Test("A trace that is not valid is no trace, and no reason to refuse the event")
    func ignoresWrongTrace() throws {
        #expect(try ReceivedEvent(encoded, headers: replacing("traceparent", with: "garbage")).metadata.trace == nil)
    }

    @Test("A tombstone is refused by name")
    func refusesTombstone() {
        #expect(throws: EventDecodingError(.missingPayload, "the record has no value")) {
            try ReceivedEvent(topic: "t", key: nil, value: nil, headers: encoded.headers)
        }
    }

    @Test("A key that is missing or no text does not keep the event from being read")
    func readsOddKeys() throws {
        #expect(try ReceivedEvent(topic: "t", key: nil, value: encoded.payload, headers: encoded.headers).key == nil)
        #expect(try ReceivedEvent(topic: "t", key: [0xFF], value: encoded.payload, headers: encoded.headers).key == nil)
    }

    @Test("An event of another type is not decoded")
    func refusesOtherType() throws {
        let received = try ReceivedEvent(encoded)
        let error = #expect(throws: EventDecodingError.self) { try received.decode(OrderPlaced.self) }
        #expect(error?.code == .unexpectedType)
    }

    @Test(
        "A payload that is not JSON, or not this event, is refused with the place",
        arguments: [
            ("{", EventDecodingError(.malformedPayload, "the document ends too early (at byte 1)")),
            ("", EventDecodingError(.malformedPayload, "the document ends too early (at byte 0)")),
            ("{}", EventDecodingError(.invalidPayload, "/user_id is required")),
            ("null", EventDecodingError(.invalidPayload, "must be an object")),
            (#"{"user_id":7}"#, EventDecodingError(.invalidPayload, "/user_id must be a UUID")),
        ]
    )
    func refusesPayload(payload: String, expected: EventDecodingError) throws {
        let received = try ReceivedEvent(topic: "t", key: nil, value: Array(payload.utf8), headers: encoded.headers)
        #expect(throws: expected) { try received.decode(UserErased.self) }
    }

    private func replacing(_ name: String, with value: String) -> [EventHeader] {
        encoded.headers.map { $0.name == name ? EventHeader(name: name, value: value) : $0 }
    }
}
