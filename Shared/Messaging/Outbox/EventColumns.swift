import EventContracts
import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Events as columns, the shape in which one statement inserts many of them.
struct EventColumns {
    private(set) var ids: [UUID] = []
    private(set) var topics: [String] = []
    private(set) var types: [String] = []
    private(set) var keys: [String] = []
    private(set) var sources: [String] = []
    private(set) var times: [String] = []
    private(set) var subjects: [String] = []
    private(set) var schemas: [String] = []
    private(set) var correlations: [String] = []
    private(set) var causations: [String] = []
    private(set) var traces: [String] = []
    private(set) var payloads: [String] = []

    init(_ events: [EncodedEvent]) {
        for event in events { append(event) }
    }

    private mutating func append(_ event: EncodedEvent) {
        ids.append(event.id.uuid)
        topics.append(event.topic.rawValue)
        types.append(event.type.rawValue)
        keys.append(event.key.rawValue)
        sources.append(event.header(EventHeaderName.source) ?? "")
        times.append(event.header(EventHeaderName.time) ?? "")
        subjects.append(event.header(EventHeaderName.subject) ?? "")
        schemas.append(event.header(EventHeaderName.dataSchema) ?? "")
        correlations.append(event.header(EventHeaderName.correlationID) ?? "")
        // Never NULL: our relay leaves a header without a value out, Debezium's router would publish it without a value. So what nothing is
        // known to have caused is its own cause, and begins a trace.
        causations.append(event.header(EventHeaderName.causationID) ?? event.id.description)
        traces.append(event.header(EventHeaderName.traceParent) ?? TraceContext.make().description)
        payloads.append(String(decoding: event.payload, as: UTF8.self))
    }
}
