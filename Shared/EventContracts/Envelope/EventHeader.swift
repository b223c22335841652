/// A header of a record: a name and a text in UTF-8.
package struct EventHeader: Sendable, Hashable {
    /// The name, in lower case.
    package let name: String
    /// The text.
    package let value: String

    /// A header of that name.
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// The names of the headers: CloudEvents 1.0 in Kafka's binary mode, with its partitioning and our two extensions (EVENTS.md, On the wire).
package enum EventHeaderName {
    /// Always `1.0`.
    package static let specVersion = "ce_specversion"
    /// The event's id, a UUIDv7: the idempotency key.
    package static let id = "ce_id"
    /// The service that wrote it, `/order`.
    package static let source = "ce_source"
    /// The event's type, `order.OrderPlaced`.
    package static let type = "ce_type"
    /// When it happened, RFC 3339.
    package static let time = "ce_time"
    /// The aggregate's id.
    package static let subject = "ce_subject"
    /// The schema of the payload, which carries the version: `/schemas/order.OrderPlaced/v1.json`.
    package static let dataSchema = "ce_dataschema"
    /// The record's key.
    package static let partitionKey = "ce_partitionkey"
    /// The order or user whose story this is.
    package static let correlationID = "ce_correlationid"
    /// The event or request that led to it.
    package static let causationID = "ce_causationid"
    /// W3C trace context.
    package static let traceParent = "traceparent"
    /// Always `application/json`.
    package static let contentType = "content-type"
}
