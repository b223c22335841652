import Hummingbird
import Synchronization

/// Refuses what the service cannot take: beyond the limit, requests are answered 503 with `Retry-After` at once instead of waiting in memory.
///
/// Routes for operators are let through, or an overloaded service would look like a dead one.
final class ConcurrencyLimitMiddleware: RouterMiddleware, Sendable {
    typealias Context = ServiceRequestContext

    private let limit: Int
    private let running = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    func handle(
        _ request: Request,
        context: ServiceRequestContext,
        next: @concurrent (Request, ServiceRequestContext) async throws -> Response
    ) async throws -> Response {
        if let route = context.route, OperatorRoutes.isOperator(route) { return try await next(request, context) }
        guard enter() else { throw Problem.overloaded() }
        defer { running.withLock { $0 -= 1 } }
        return try await next(request, context)
    }

    private func enter() -> Bool {
        running.withLock { running in
            guard running < limit else { return false }
            running += 1
            return true
        }
    }
}
