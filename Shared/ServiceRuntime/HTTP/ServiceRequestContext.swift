package import EventContracts
package import Hummingbird
package import Logging
import NIOCore

/// What a handler knows about its request beside the request itself.
package struct ServiceRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The request's id, as in `X-Request-Id` and in the `instance` of a problem.
    package internal(set) var requestID = ""
    /// The request's place in its trace; the caller's `traceparent` continued, or a new trace.
    package internal(set) var trace = TraceContext.make()
    /// The whole body; empty when there was none. It is within the limit.
    package internal(set) var body = ByteBuffer()
    /// The connection, to be closed after an answer that left a body unread.
    let channel: (any Channel)?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// A context without a connection, for calling a responder in a test.
    package init(logger: Logger) {
        coreContext = CoreRequestContextStorage(source: LoggerSource(logger: logger))
        channel = nil
    }

    /// The route's template, `/orders/{id}`; `nil` when no route matched.
    package var route: String? {
        coreContext.endpointPath.value.flatMap { $0 == "NotFound" ? nil : $0 }
    }

    private struct LoggerSource: RequestContextSource {
        let logger: Logger
    }
}

/// The router of the services.
package typealias ServiceRouter = Router<ServiceRequestContext>
