import EventContracts
import Hummingbird
import Logging

/// Gives each request its id and its place in a trace, and each response the id.
///
/// An incoming `X-Request-Id` of 1–128 visible ASCII characters is kept; anything else is replaced by a new UUIDv7. An incoming `traceparent`
/// is continued as its child; without a valid one a trace begins. Both are in every log entry of the request, and in ``RequestScope/current``.
struct RequestScopeMiddleware: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request,
        context: ServiceRequestContext,
        next: @concurrent (Request, ServiceRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.accepted(request.headers[.requestID]) ?? Self.newID()
        context.trace = request.headers[.traceparent].flatMap(TraceContext.init(traceparent:))?.child() ?? .make()
        context.logger = logger
        let scope = RequestScope(requestID: context.requestID, trace: context.trace)
        var response = try await RequestScope.$current.withValue(scope) { [context] in
            try await next(request, context)
        }
        response.headers[.requestID] = scope.requestID
        return response
    }

    /// An id for a request that brought none.
    static func newID() -> String {
        EventID().description
    }

    private static func accepted(_ id: String?) -> String? {
        guard let id, (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return id
    }
}
