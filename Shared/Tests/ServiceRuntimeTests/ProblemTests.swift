import HTTPTypes
import Hummingbird
import JSON
import Postgres
import Testing

@testable import ServiceRuntime

@Suite struct ProblemTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let error: any Error
        let status: Int
        let type: String
        var retryAfter: String?

        var testDescription: String { "\(status) \(type)" }
    }

    /// The table of the HTTP contract, and what the runtime adds to it.
    static let table: [Row] = [
        Row(error: Problem.malformedJSON("x"), status: 400, type: "/problems/malformed-json"),
        Row(error: Problem.validation("/a", "must be b"), status: 422, type: "/problems/validation"),
        Row(error: Problem.tooLarge(limitBytes: 5), status: 413, type: "/problems/too-large"),
        Row(error: Problem.unsupportedMediaType(), status: 415, type: "/problems/unsupported-media-type"),
        Row(error: Problem.notFound(), status: 404, type: "/problems/not-found"),
        Row(error: Problem.accountNotFound(), status: 404, type: "/problems/account-not-found"),
        Row(error: Problem.emailTaken(), status: 409, type: "/problems/email-taken"),
        Row(error: Problem.conflict("x"), status: 409, type: "/problems/conflict"),
        Row(error: Problem.insufficientFunds(), status: 409, type: "/problems/insufficient-funds"),
        Row(error: Problem.idempotencyKeyReused(), status: 422, type: "/problems/idempotency-key-reused"),
        Row(error: Problem.idempotencyKeyInUse(), status: 409, type: "/problems/idempotency-key-in-use", retryAfter: "1"),
        Row(error: Problem.unauthorized(), status: 401, type: "/problems/unauthorized"),
        Row(error: Problem.forbidden(), status: 403, type: "/problems/forbidden"),
        Row(error: Problem.tooManyRequests(retryAfterSeconds: 7), status: 429, type: "/problems/too-many-requests", retryAfter: "7"),
        Row(error: Problem.overloaded(), status: 503, type: "/problems/overloaded", retryAfter: "1"),
        Row(error: Problem.unavailable(), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.connectionFailed, "x"), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.connectionLost, "x"), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.commitOutcomeUnknown, "x"), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.poolExhausted, "x"), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.poolClosed, "x"), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.timeout, "x"), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.deadlock, "x"), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: PostgresError(.invalidText, "x"), status: 422, type: "/problems/validation"),
        Row(error: PostgresError(.uniqueViolation, "x"), status: 500, type: "about:blank"),
        Row(error: PostgresError(.undefinedTable, "x"), status: 500, type: "about:blank"),
        Row(error: CancellationError(), status: 503, type: "/problems/unavailable", retryAfter: "1"),
        Row(error: HTTPError(.badRequest, message: "x"), status: 400, type: "/problems/bad-request"),
        Row(error: HTTPError(.internalServerError, message: "x"), status: 500, type: "about:blank"),
    ]

    @Test(arguments: table)
    func `Each case has its status, its type and its headers`(row: Row) async throws {
        let service = TestService { router in router.get("/case") { _, _ -> JSONResponse in throw row.error } }
        let answer = try await service.send(.get, "/case")
        #expect(answer.status == row.status)
        #expect(answer.problem == row.type)
        #expect(answer.headers[.retryAfter] == row.retryAfter)
        #expect(answer.headers[.contentType] == "application/problem+json")
    }

    @Test func `The body has the members of RFC 9457 and the errors`() throws {
        let problem = Problem.validation([FieldError(pointer: "/price/amount", detail: "must be positive")])
        let body = try JSONValue(parsing: problem.body(requestID: "r\"1"))
        #expect(
            body == [
                "type": "/problems/validation", "title": "The request is not valid", "status": 422,
                "detail": "One value is not acceptable.",
                "instance": "r\"1", "errors": [["pointer": "/price/amount", "detail": "must be positive"]],
            ]
        )
    }

    @Test func `An unauthorized answer says how to authenticate`() {
        #expect(Problem.unauthorized().headers[.wwwAuthenticate] == "Bearer")
    }
}
