/// An event with what is known about it: when, because of what, in which story.
package struct EventEnvelope<E: Event>: Sendable, Equatable {
    /// What happened.
    package let event: E
    /// What is known about it.
    package let metadata: EventMetadata

    /// An event and what is known about it.
    package init(event: E, metadata: EventMetadata) {
        self.event = event
        self.metadata = metadata
    }
}

/// What an envelope says about its event.
package struct EventMetadata: Sendable, Hashable {
    /// Names the event; whoever has handled this id need not do so again.
    package var id: EventID
    /// When it happened, in the writer's clock; milliseconds survive the wire.
    package var time: Timestamp
    /// The event or the request that led to it, if that is known.
    package var causation: String?
    /// The order or the user whose story this is.
    package var correlation: String
    /// The trace to go on with, if there is one.
    package var trace: TraceContext?

    /// What is known about an event.
    package init(id: EventID, time: Timestamp, causation: String?, correlation: String, trace: TraceContext?) {
        self.id = id
        self.time = time
        self.causation = causation
        self.correlation = correlation
        self.trace = trace
    }
}
