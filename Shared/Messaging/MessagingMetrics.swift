import CoreMetrics
package import Metrics

/// The names and instruments of this module's metrics, in one place.
package enum MessagingMetrics {
    /// Events whose delivery the broker confirmed.
    package static let relayed = Counter(label: "relay_events_published_total")
    /// Terms of leadership that ended in an error.
    package static let relayFailures = Counter(label: "relay_failures_total")
    /// Batches that were rolled back because of a failure that was not the handler's: database or broker.
    package static let infrastructureFailures = Counter(label: "consumer_infrastructure_failures_total")

    /// Records by what became of them: handled, duplicate, parked, dead, ignored.
    package static func records(_ outcome: String, count: Int) {
        guard count > 0 else { return }
        Counter(label: "consumer_records_total", dimensions: [("outcome", outcome)]).increment(by: count)
    }

    /// Events that a handler was given, by type.
    package static func handled(_ type: String) -> Counter {
        Counter(label: "consumer_events_handled_total", dimensions: [("type", type)])
    }

    /// How long a handler took with what it was given.
    package static func handlerDuration(_ type: String) -> Timer {
        Timer(label: "consumer_handler_duration_seconds", dimensions: [("type", type)])
    }
}
