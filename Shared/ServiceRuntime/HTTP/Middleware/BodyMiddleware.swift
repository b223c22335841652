import Hummingbird
import NIOCore

/// Collects the body before anything else happens, so that handlers see it whole and within the limit.
///
/// A body over the limit is answered 413. Clients that send everything before they read would get a reset instead of that answer if the
/// connection were closed with their bytes unread, so the rest is read and thrown away first, up to 64 MiB and 20 s; the connection stays usable.
/// Beyond that bound, and for a client that waits for leave to send (`Expect: 100-continue`), the connection is closed after the answer.
struct BodyMiddleware: RouterMiddleware {
    let limitBytes: Int
    var drainLimitBytes = 64 * 1024 * 1024
    var timeLimit: Duration = .seconds(20)

    func handle(
        _ request: Request,
        context: ServiceRequestContext,
        next: @concurrent (Request, ServiceRequestContext) async throws -> Response
    ) async throws -> Response {
        guard Self.hasBody(request) else { return try await next(request, context) }
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limitBytes, announced > drainLimitBytes || Expectation.isContinue(request.headers) {
            return Self.closing(Problem.tooLarge(limitBytes: limitBytes), context)
        }
        switch await collect(request) {
        case .complete(let body) where announced ?? body.readableBytes == body.readableBytes:
            var context = context
            context.body = body
            return try await next(request, context)
        case .drained:
            throw Problem.tooLarge(limitBytes: limitBytes)
        case .endless:
            return Self.closing(Problem.tooLarge(limitBytes: limitBytes), context)
        case .late:
            return Self.closing(Problem.requestTimeout(), context)
        case .complete, .broken:
            return Self.closing(Problem.badRequest("The body ended before its time or was badly framed."), context)
        }
    }

    private enum Outcome {
        /// All of it.
        case complete(ByteBuffer)
        /// It was over the limit, and has been read to its end.
        case drained
        /// It was over the limit, and over the bound of what we read and throw away.
        case endless
        /// It took too long.
        case late
        /// It is not what HTTP allows, or the connection is gone.
        case broken
    }

    private func collect(_ request: Request) async -> Outcome {
        let clock = ContinuousClock()
        let deadline = clock.now + timeLimit
        var iterator = request.body.makeAsyncIterator()
        var body = ByteBuffer()
        var received = 0
        do {
            while var part = try await iterator.next() {
                received += part.readableBytes
                if received > drainLimitBytes { return .endless }
                if clock.now > deadline { return received > limitBytes ? .endless : .late }
                if received <= limitBytes { body.writeBuffer(&part) }
            }
        } catch {
            return .broken
        }
        return received > limitBytes ? .drained : .complete(body)
    }

    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || request.headers[.contentLength].map { $0 != "0" } ?? false
    }

    /// The problem's response, after which the connection is closed: what comes next on it is the rest of a body that nobody will read.
    private static func closing(_ problem: Problem, _ context: ServiceRequestContext) -> Response {
        var response = problem.response(requestID: context.requestID)
        response.headers[.connection] = "close"
        guard let channel = context.channel else { return response }
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            channel.close(promise: nil)
        }
        return response
    }
}
