import EventContracts
import JSON
import Testing

/// An event that was renamed in parts and given a new field in its second version, and again in its third.
private struct ParcelShipped: Event {
    static let type: EventType = "shipping.ParcelShipped"
    static let version = 3
    let userID: UserID
    let weightInGrams: Int64
    let carrier: String
    let tracked: Bool

    var key: PartitionKey { PartitionKey(userID) }
    var subject: String { userID.description }
    var correlation: String { userID.description }

    func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("user_id", userID)
            payload.field("weight_in_grams", weightInGrams)
            payload.field("carrier", carrier)
            payload.field("tracked", tracked)
        }
    }

    init(userID: UserID, weightInGrams: Int64, carrier: String, tracked: Bool) {
        self.userID = userID
        self.weightInGrams = weightInGrams
        self.carrier = carrier
        self.tracked = tracked
    }

    init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            userID: try payload.required("user_id"),
            weightInGrams: try payload.required("weight_in_grams"),
            carrier: try payload.required("carrier"),
            tracked: try payload.required("tracked")
        )
    }
}

@Suite("Upcasting events")
struct UpcasterTests {
    private let user = UserID()
    private let upcasters: Upcasters

    init() {
        var upcasters = Upcasters()
        upcasters.add(ParcelShipped.type, from: 1) { old throws(JSONDecodingError) in
            var new = old
            new["weight_in_grams"] = .integer(try JSONFields(.object(old)).required("kilograms", as: Int64.self) * 1000)
            new["kilograms"] = nil
            new["carrier"] = old["carrier"] ?? "post"
            return new
        }
        upcasters.add(ParcelShipped.type, from: 2) { old throws(JSONDecodingError) in
            var new = old
            new["tracked"] = .bool(old["carrier"] != "post")
            return new
        }
        self.upcasters = upcasters
    }

    @Test("A payload of the first version is brought to the present one, step by step")
    func upcastsFromFirst() throws {
        let received = try received(["user_id": .string(user.description), "kilograms": 2, "unknown": true], version: 1)
        let envelope = try received.decode(ParcelShipped.self, upcasters: upcasters)
        #expect(envelope.event == ParcelShipped(userID: user, weightInGrams: 2000, carrier: "post", tracked: false))
    }

    @Test("A payload of a version in between takes only the steps that are left")
    func upcastsFromSecond() throws {
        let received = try received(["user_id": .string(user.description), "weight_in_grams": 5, "carrier": "swift"], version: 2)
        let envelope = try received.decode(ParcelShipped.self, upcasters: upcasters)
        #expect(envelope.event == ParcelShipped(userID: user, weightInGrams: 5, carrier: "swift", tracked: true))
    }

    @Test("A payload of the present version is left alone")
    func leavesCurrentAlone() throws {
        let event = ParcelShipped(userID: user, weightInGrams: 5, carrier: "post", tracked: true)
        let encoded = EncodedEvent(event, causedBy: nil, trace: nil)
        #expect(encoded.header("ce_dataschema") == "/schemas/shipping.ParcelShipped/v3.json")
        #expect(encoded.topic == "shipping.parcel-shipped")
        #expect(try ReceivedEvent(encoded).decode(ParcelShipped.self, upcasters: upcasters).event == event)
    }

    @Test("A payload that the old version did not promise is refused, with the field")
    func refusesBadOldPayload() throws {
        let received = try received(["user_id": .string(user.description)], version: 1)
        #expect(throws: EventDecodingError(.invalidPayload, "/kilograms is required")) {
            try received.decode(ParcelShipped.self, upcasters: upcasters)
        }
        let array = try self.received([], version: 1)
        #expect(throws: EventDecodingError(.invalidPayload, "must be an object")) {
            try array.decode(ParcelShipped.self, upcasters: upcasters)
        }
    }

    @Test("A version that is newer, or from which no step leads on, is refused", arguments: [1, 4, 1_000_000])
    func refusesVersionsWithoutWay(version: Int) throws {
        let received = try received([:], version: version)
        let error = #expect(throws: EventDecodingError.self) { try received.decode(ParcelShipped.self, upcasters: Upcasters()) }
        #expect(error?.code == .unsupportedVersion)
    }

    private func received(_ payload: JSONValue, version: Int) throws -> ReceivedEvent {
        let current = EncodedEvent(ParcelShipped(userID: user, weightInGrams: 0, carrier: "", tracked: false), causedBy: nil, trace: nil)
        let headers = current.headers.map {
            $0.name == "ce_dataschema" ? EventHeader(name: $0.name, value: "/schemas/shipping.ParcelShipped/v\(version).json") : $0
        }
        return try ReceivedEvent(topic: "any", key: nil, value: payload.serialized(), headers: headers)
    }
}
