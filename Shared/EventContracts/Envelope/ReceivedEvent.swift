import JSON

/// A record from Kafka whose headers say that it is an event; the payload is looked at only by whoever asks for it.
package struct ReceivedEvent: Sendable {
    /// Where it came from: the event's own topic, or one of dead letters.
    package let topic: Topic
    /// The record's key, if it has one and it is text.
    package let key: PartitionKey?
    /// What kind of event it is; perhaps one that nobody here knows.
    package let type: EventType
    /// The version of the payload, from `ce_dataschema`.
    package let version: Int
    /// The id of the aggregate, `ce_subject`; empty if the writer gave none.
    package let subject: String
    /// What is known about the event.
    package let metadata: EventMetadata
    /// The payload as it came, JSON unless the writer erred.
    package let payload: [UInt8]
    /// All headers, as they came.
    package let headers: [EventHeader]

    /// Reads the headers. Those it does not know are kept and ignored; a `traceparent` that is not valid is taken as absent, as W3C asks.
    ///
    /// - Throws: `EventDecodingError` for a tombstone and for a header that is missing, doubled or wrong.
    package init(topic: String, key: [UInt8]?, value: [UInt8]?, headers: [EventHeader]) throws(EventDecodingError) {
        let fields = try CloudEventFields(headers)
        guard let value else { throw EventDecodingError(.missingPayload, "the record has no value") }
        self.topic = Topic(rawValue: topic)
        self.key = key.flatMap { String(validating: $0, as: UTF8.self) }.map(PartitionKey.init(rawValue:))
        self.headers = headers
        payload = value
        type = fields.type
        version = fields.version
        subject = fields.subject
        metadata = fields.metadata
    }

    /// The event, brought up to date if it was written in an older version.
    ///
    /// - Throws: `EventDecodingError` when it is of another type, of a version that cannot be read, or its payload is wrong.
    package func decode<E: Event>(
        _ eventType: E.Type,
        upcasters: Upcasters = EventCatalogue.upcasters
    ) throws(EventDecodingError) -> EventEnvelope<E> {
        guard type == E.type else { throw EventDecodingError(.unexpectedType, "the event is not of type \(E.type)") }
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: payload) } catch { throw EventDecodingError(error) }
        let current = try upcasters.bring(json, of: type, from: version, to: E.version)
        do throws(JSONDecodingError) {
            return EventEnvelope(event: try E(json: current), metadata: metadata)
        } catch {
            throw EventDecodingError(error)
        }
    }
}
