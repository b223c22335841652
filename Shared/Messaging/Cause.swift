package import EventContracts

/// What led to an event: the request or the event that it answers, and the trace that both belong to.
///
/// Travels with the event as `ce_causationid` and `traceparent`, so that one order can be followed from the first request to its letter.
package struct Cause: Sendable, Hashable {
    /// The id of the causing event, or of the request.
    package let id: String?
    /// The trace that the new event continues.
    package let trace: TraceContext?

    package init(id: String?, trace: TraceContext?) {
        self.id = id
        self.trace = trace
    }

    /// The cause of what a handler does about `envelope`.
    package init<Handled: Event>(_ envelope: EventEnvelope<Handled>) {
        self.init(id: envelope.metadata.id.description, trace: envelope.metadata.trace?.child())
    }

    /// Nothing that is known: a timer, an operator.
    package static let none = Cause(id: nil, trace: nil)
}
