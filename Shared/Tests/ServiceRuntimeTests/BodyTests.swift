import HTTPTypes
import Hummingbird
import Logging
import Testing

@testable import ServiceRuntime

@Suite struct BodyTests {
    private struct Cut: Error {}

    private func answer(
        _ parts: [Int],
        headers: HTTPFields = [.transferEncoding: "chunked"],
        failing: Bool = false,
        timeLimit: Duration = .seconds(20)
    ) async throws -> (status: Int, closes: Bool, received: Int?) {
        let (stream, source) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        for size in parts { source.yield(ByteBuffer(repeating: 0x61, count: size)) }
        source.finish(throwing: failing ? Cut() : nil)
        let head = HTTPRequest(method: .post, scheme: "http", authority: "test", path: "/", headerFields: headers)
        let middleware = BodyMiddleware(limitBytes: 10, drainLimitBytes: 20, timeLimit: timeLimit)
        do {
            let request = Request(head: head, body: RequestBody(asyncSequence: stream))
            let response = try await middleware.handle(request, context: ServiceRequestContext(logger: Logger(label: "unused"))) {
                _,
                context in
                Response(status: .ok, headers: [.vary: String(context.body.readableBytes)])
            }
            return (response.status.code, response.headers[.connection] == "close", response.headers[.vary].flatMap { Int($0) })
        } catch let problem as Problem {
            return (problem.status.code, false, nil)
        }
    }

    @Test(arguments: [[], [0], [10], [5, 5], [1, 2, 3, 4]])
    func `A body up to the limit is handed on whole`(parts: [Int]) async throws {
        let answer = try await answer(parts)
        #expect(answer.status == 200)
        #expect(answer.received == parts.reduce(0, +))
    }

    @Test(arguments: [[11], [10, 1], [5, 5, 5, 5], [20]])
    func `A larger one is read to its end and refused, and the connection kept`(parts: [Int]) async throws {
        let answer = try await answer(parts)
        #expect(answer.status == 413)
        #expect(!answer.closes)
    }

    @Test func `One that does not end is refused and the connection closed`() async throws {
        let answer = try await answer([10, 10, 1, 1000])
        #expect(answer.status == 413)
        #expect(answer.closes)
    }

    @Test func `One that is announced as endless is not read at all`() async throws {
        let answer = try await answer([], headers: [.contentLength: "21"], failing: true)
        #expect(answer.status == 413)
        #expect(answer.closes)
    }

    @Test func `One that takes too long is refused`() async throws {
        let answer = try await answer([1], timeLimit: .seconds(-1))
        #expect(answer.status == 408)
        #expect(answer.closes)
    }

    @Test func `One that breaks off is refused, however it does`() async throws {
        let broken = try await answer([5], failing: true)
        #expect(broken.status == 400)
        #expect(broken.closes)
        let short = try await answer([5], headers: [.contentLength: "6"])
        #expect(short.status == 400)
        #expect(short.closes)
    }

    @Test func `A request without a body is not waited for`() async throws {
        let answer = try await answer([5], headers: [:], failing: true)
        #expect(answer.status == 200)
        #expect(answer.received == 0)
    }
}
