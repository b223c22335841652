import EventContracts
import Foundation
import JSON
import Testing

/// A record as it once went to Kafka: `Golden/<type>/v<version>.json`. Consumers must read it for ever, so it is never edited.
struct GoldenFile {
    let json: JSONValue

    init(_ type: EventType, version: Int) throws {
        let name = "\(type)/v\(version).json"
        let bytes = try #require(Self.bytes(of: name), "Golden/\(name) is missing: every event keeps one golden file per version")
        json = try JSONValue(parsing: bytes)
    }

    /// What the file should say for an event that is encoded now.
    static func json(of event: EncodedEvent) throws -> JSONValue {
        [
            "topic": .string(event.topic.rawValue),
            "key": .string(event.key.rawValue),
            "headers": .object(JSONObject(event.headers.map { ($0.name, .string($0.value)) })),
            "payload": try JSONValue(parsing: event.payload),
        ]
    }

    /// The record, as a consumer gets it.
    func received() throws -> ReceivedEvent {
        try ReceivedEvent(
            topic: #require(json["topic"]?.stringValue),
            key: Array(#require(json["key"]?.stringValue).utf8),
            value: #require(json["payload"]).serialized(),
            headers: #require(json["headers"]?.objectValue).map { EventHeader(name: $0.key, value: $0.value.stringValue ?? "") }
        )
    }

    /// The bytes of a file below `Golden`, or `nil`.
    static func bytes(of name: String) -> [UInt8]? {
        let file = Bundle.module.bundleURL.appending(path: "Golden/\(name)")
        return (try? Data(contentsOf: file)).map { [UInt8]($0) }
    }
}
