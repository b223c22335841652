import CoreMetrics
package import EventContracts
package import Logging
import Metrics

/// A layer around every handler, as an HTTP router has them.
package protocol ConsumerMiddleware: Sendable {
    /// Calls `next` once, before or after doing its own work; what `next` throws is passed on.
    func around(_ call: HandlerCall, next: () async throws -> Void) async throws
}

/// What a handler is about to be given.
package struct HandlerCall: Sendable {
    package let type: EventType
    package let metadata: [EventMetadata]
}

/// Says what was handled, with the ids by which a story can be followed through the services.
package struct LogHandledEvents: ConsumerMiddleware {
    private let logger: Logger

    package init(logger: Logger) {
        self.logger = logger
    }

    package func around(_ call: HandlerCall, next: () async throws -> Void) async throws {
        do {
            try await next()
        } catch {
            logger.log(
                level: Failure(error).logLevel,
                "a handler failed",
                metadata: ["type": "\(call.type.rawValue)", "events": "\(call.metadata.count)", "error": "\(String(reflecting: error))"]
            )
            throw error
        }
        guard logger.logLevel <= .debug else { return }
        for metadata in call.metadata {
            var fields: Logger.Metadata = [
                "type": "\(call.type.rawValue)", "event_id": "\(metadata.id)", "correlation_id": "\(metadata.correlation)",
            ]
            if let trace = metadata.trace { fields["trace_id"] = "\(trace.traceID)" }
            logger.debug("handled an event", metadata: fields)
        }
    }
}

/// Counts what was handled and times the handlers, by event type.
package struct MeasureHandlers: ConsumerMiddleware {
    package init() {}

    package func around(_ call: HandlerCall, next: () async throws -> Void) async throws {
        let start = ContinuousClock.now
        try await next()
        MessagingMetrics.handlerDuration(call.type.rawValue).record(duration: start.duration(to: .now))
        MessagingMetrics.handled(call.type.rawValue).increment(by: call.metadata.count)
    }
}
