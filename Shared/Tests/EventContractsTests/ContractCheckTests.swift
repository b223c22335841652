import EventContracts
import JSON
import ServiceTesting
import Testing

@Suite("The check of published events")
struct ContractCheckTests {
    private let good = EventSamples.encoded(UserErased(userID: EventSamples.user))

    @Test(
        "A payload that departs from the schema is found",
        arguments: [
            ("{}", "/user_id"), (#"{"user_id":"x"}"#, "/user_id"),
            (#"{"user_id":"0193bb2f-6c00-7a01-8000-000000000001","extra":1}"#, "/extra"), ("[]", ""),
        ]
    )
    func findsPayload(payload: String, pointer: String) throws {
        let violations = try EventContractCheck.violations(in: changed(payload: Array(payload.utf8)))
        #expect(violations.map(\.pointer) == [pointer], "\(violations)")
    }

    @Test("A payload that is not JSON is an error")
    func refusesGarbage() {
        #expect(throws: JSONError.self) { try EventContractCheck.violations(in: changed(payload: [0x7B])) }
    }

    @Test(
        "A header that is missing or wrong is found",
        arguments: [
            "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_dataschema", "ce_partitionkey", "content-type",
        ]
    )
    func findsHeader(name: String) throws {
        let without = changed(headers: good.headers.filter { $0.name != name })
        #expect(try EventContractCheck.violations(in: without).count == 1)
        let wrong = changed(headers: good.headers.map { $0.name == name ? EventHeader(name: name, value: "wrong") : $0 })
        #expect(try EventContractCheck.violations(in: wrong).count == 1)
    }

    @Test("The wrong topic and an unknown type are found")
    func findsNames() throws {
        #expect(try EventContractCheck.violations(in: changed(topic: "order.order-placed")).count == 1)
        #expect(try EventContractCheck.violations(in: changed(type: "order.Nothing")).count == 1)
    }

    private func changed(type: EventType? = nil, topic: Topic? = nil, payload: [UInt8]? = nil, headers: [EventHeader]? = nil)
        -> EncodedEvent
    {
        EncodedEvent(
            id: good.id,
            type: type ?? good.type,
            topic: topic ?? good.topic,
            key: good.key,
            payload: payload ?? good.payload,
            headers: headers ?? good.headers
        )
    }
}
