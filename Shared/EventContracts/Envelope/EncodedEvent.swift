import JSON

/// An event as the outbox stores it and as Kafka carries it: the payload as JSON, everything else in headers.
package struct EncodedEvent: Sendable, Equatable {
    /// Names the event; also in the headers.
    package let id: EventID
    /// What kind of event it is.
    package let type: EventType
    /// Where it is published.
    package let topic: Topic
    /// The record's key.
    package let key: PartitionKey
    /// The payload: JSON in UTF-8.
    package let payload: [UInt8]
    /// The headers of EVENTS.md, in that order; those without a value are left out.
    package let headers: [EventHeader]

    /// Puts an event into its envelope and writes both.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - cause: the id of the event or the request that led to it.
    ///   - trace: the trace to go on with.
    ///   - id: the event's name; new unless the caller has stored one.
    ///   - time: when it happened.
    package init<E: Event>(_ event: E, causedBy cause: String?, trace: TraceContext?, id: EventID = EventID(), time: Timestamp = .now) {
        let names = EventCatalogue.names(of: E.type, version: E.version)
        self.id = id
        type = E.type
        topic = names.topic
        key = event.key
        payload = jsonBytes(event)
        var headers: [EventHeader] = []
        headers.reserveCapacity(12)
        func add(_ name: String, _ value: String) { headers.append(EventHeader(name: name, value: value)) }
        add(EventHeaderName.specVersion, "1.0")
        add(EventHeaderName.id, id.description)
        add(EventHeaderName.source, names.source)
        add(EventHeaderName.type, E.type.rawValue)
        add(EventHeaderName.time, time.description)
        add(EventHeaderName.subject, event.subject)
        add(EventHeaderName.dataSchema, names.dataSchema)
        add(EventHeaderName.partitionKey, key.rawValue)
        add(EventHeaderName.correlationID, event.correlation)
        if let cause { add(EventHeaderName.causationID, cause) }
        if let trace { add(EventHeaderName.traceParent, trace.description) }
        add(EventHeaderName.contentType, "application/json")
        self.headers = headers
    }

    /// An event that was encoded before and comes back from storage.
    package init(id: EventID, type: EventType, topic: Topic, key: PartitionKey, payload: [UInt8], headers: [EventHeader]) {
        self.id = id
        self.type = type
        self.topic = topic
        self.key = key
        self.payload = payload
        self.headers = headers
    }

    /// The value of a header, or `nil`.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
