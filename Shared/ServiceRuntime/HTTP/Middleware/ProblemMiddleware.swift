import Hummingbird
import Logging
import Postgres

/// The one place where errors become responses: problem+json, as the HTTP contract's table says.
///
/// An unknown error is a bare 500 and a full log entry.
struct ProblemMiddleware: RouterMiddleware {
    let routes: RouteTable

    func handle(
        _ request: Request,
        context: ServiceRequestContext,
        next: @concurrent (Request, ServiceRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            return problem(for: error, request, context).response(requestID: context.requestID)
        }
    }

    private func problem(for error: any Error, _ request: Request, _ context: ServiceRequestContext) -> Problem {
        switch error {
        case let problem as Problem:
            return problem
        case let error as PostgresError:
            return problem(for: error, context)
        case let error as HTTPError where error.status == .notFound:
            let methods = routes.methods(at: request.uri.path)
            return methods.isEmpty ? .notFound("There is nothing at this path.") : .methodNotAllowed(allow: methods)
        case let error as HTTPError where error.status.kind == .clientError:
            return .badRequest(error.body ?? "The request cannot be read.")
        case is CancellationError:
            return .unavailable("The service is shutting down; try again soon.")
        default:
            context.logger.error("The request failed", error: error)
            return .internalError()
        }
    }

    private func problem(for error: PostgresError, _ context: ServiceRequestContext) -> Problem {
        if error.code == .invalidText { return .validation("", "must not contain a NUL character") }
        guard error.isUnavailable || error.isRetriable || Self.passing.contains(error.code) else {
            context.logger.error("The request failed in the database", metadata: [LogKeys.error: "\(String(reflecting: error))"])
            return .internalError()
        }
        context.logger.warning("The database could not answer", metadata: [LogKeys.error: "\(String(reflecting: error))"])
        return .unavailable()
    }

    private static let passing: Set<PostgresError.Code> = [.poolExhausted, .poolClosed, .timeout, .cancelled]
}
