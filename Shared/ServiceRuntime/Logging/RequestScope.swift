package import EventContracts
package import Logging

/// Which request the running task works for, so that an event appended deep below can name its cause and continue its trace.
package struct RequestScope: Sendable {
    /// The request's id: the caller's `X-Request-Id`, or one of our own.
    package let requestID: String
    /// The request's place in its trace.
    package let trace: TraceContext

    package init(requestID: String, trace: TraceContext) {
        self.requestID = requestID
        self.trace = trace
    }

    /// The request of the running task; `nil` outside of one. Inherited by child tasks, not by detached ones.
    @TaskLocal package static var current: RequestScope?

    /// Adds `request_id` and `trace_id` to whatever is logged while a request is served.
    package static let metadataProvider = Logger.MetadataProvider {
        guard let scope = current else { return [:] }
        return [LogKeys.requestID: "\(scope.requestID)", LogKeys.traceID: "\(scope.trace.traceID)"]
    }
}

/// The names under which this module logs values.
package enum LogKeys {
    package static let requestID = "request_id"
    package static let traceID = "trace_id"
    package static let error = "error"
    static let method = "method"
    static let route = "route"
    static let path = "path"
    static let status = "status"
    static let durationMilliseconds = "duration_ms"
    static let bytes = "bytes"
    static let host = "host"
    static let port = "port"
    static let version = "version"
    static let check = "check"
    static let count = "count"
    static let seconds = "seconds"
}
