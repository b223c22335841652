import EventContracts
import HTTPTypes
import Hummingbird
import JSON
import Logging
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(1))) struct ResponderTests {
    private struct Unknown: Error {
        let secret = "hunter2"
    }

    @Test func `A request id that a client sends is given back`() async throws {
        let answer = try await TestService().send(.get, "/livez", headers: [.requestID: "abc-123"])
        #expect(answer.status == 200)
        #expect(answer.headers[.requestID] == "abc-123")
    }

    @Test(arguments: [
        Sample("empty", ""), Sample("blank", " "), Sample("words", "a b"), Sample("not ASCII", "é"),
        Sample("long", String(repeating: "a", count: 129)),
    ])
    func `Any other request id is replaced by a UUIDv7`(id: Sample) async throws {
        let answer = try await TestService().send(.get, "/nothing", headers: [.requestID: id.text])
        let given = try #require(answer.headers[.requestID].flatMap { EventID($0) })
        #expect(UUIDv7.timestamp(of: given.uuid) != nil)
        #expect(answer.json["instance"]?.stringValue == given.description)
    }

    @Test func `The trace of a caller is continued, in the scope and in the log`() async throws {
        let trace = TraceContext.make()
        let seen = Mutex<RequestScope?>(nil)
        let service = TestService { router in
            router.get("/here") { _, context in
                context.logger.info("Working")
                seen.withLock { $0 = RequestScope.current }
                return JSONResponse(.ok, "done")
            }
        }
        _ = try await service.send(.get, "/here", headers: [.traceparent: trace.description, .requestID: "r1"])
        let scope = try #require(seen.withLock { $0 })
        #expect(scope.requestID == "r1")
        #expect(scope.trace.traceID == trace.traceID)
        #expect(scope.trace.spanID != trace.spanID)
        let lines = service.log.all
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.contains("\"trace_id\":\"\(trace.traceID)\"") && $0.contains("\"request_id\":\"r1\"") })
    }

    @Test func `A bad traceparent begins a new trace`() async throws {
        let service = TestService { router in router.get("/here") { _, context in JSONResponse(.ok, context.trace.traceID) } }
        let answer = try await service.send(.get, "/here", headers: [.traceparent: "00-zz-zz-00"])
        #expect(answer.json.stringValue?.count == 32)
    }

    @Test(arguments: [
        Sample("unknown", "/nothing"), Sample("root", "/"), Sample("too deep", "/things/1/2"), Sample("NUL", "/%00"),
        Sample("bad encoding", "/things/%zz/%zz"), Sample("very deep", "/" + String(repeating: "a/", count: 4000)),
    ])
    func `A path that is not there is a problem`(path: Sample) async throws {
        let answer = try await thingService().send(.get, path.text)
        #expect(answer.status == 404)
        #expect(answer.problem == "/problems/not-found")
    }

    @Test func `A known path tells which methods it answers`() async throws {
        let answer = try await thingService().send(.delete, "/things/5")
        #expect(answer.status == 405)
        #expect(answer.problem == "/problems/method-not-allowed")
        #expect(answer.headers[.allow] == "GET, HEAD, PATCH")
    }

    @Test func `HEAD goes with GET and has no body`() async throws {
        let answer = try await thingService().send(.head, "/things/5")
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
        #expect(answer.headers[.contentLength] == "7")
    }

    @Test func `An unknown error is a bare 500 and a full log entry`() async throws {
        let service = TestService { router in router.get("/broken") { _, _ -> JSONResponse in throw Unknown() } }
        let answer = try await service.send(.get, "/broken")
        #expect(answer.status == 500)
        #expect(answer.problem == "about:blank")
        #expect(!answer.text.contains("hunter2"))
        #expect(service.log.text.contains("hunter2"))
    }

    @Test func `Requests beyond the limit are refused, operators are not`() async throws {
        let entered = AsyncStream<Void>.makeStream()
        let release = AsyncStream<Void>.makeStream()
        let service = TestService(settings: HTTPSettings(maximumConcurrentRequests: 1)) { router in
            router.get("/slow") { _, _ in
                entered.continuation.yield()
                for await _ in release.stream { break }
                return JSONResponse(.ok, "slow")
            }
        }
        async let slow = service.send(.get, "/slow")
        for await _ in entered.stream { break }
        let refused = try await service.send(.get, "/slow")
        #expect(refused.status == 503)
        #expect(refused.problem == "/problems/overloaded")
        #expect(refused.headers[.retryAfter] == "1")
        #expect(try await service.send(.get, "/livez").status == 200)
        release.continuation.yield()
        #expect(try await slow.status == 200)
        #expect(String(decoding: service.metrics.rendered(process: nil), as: UTF8.self).contains("http_requests_in_flight 0\n"))
    }

    @Test func `Metrics know templates, never paths or methods that clients make up`() async throws {
        let service = thingService()
        _ = try await service.send(.get, "/things/5")
        _ = try await service.send(.get, "/things/6")
        _ = try await service.send(.get, "/secret/path")
        _ = try await service.send(try #require(HTTPRequest.Method("BREW")), "/things/7")
        let text = String(decoding: service.metrics.rendered(process: nil), as: UTF8.self)
        #expect(text.contains("http_requests_total{method=\"GET\",route=\"/things/{id}\",status=\"200\"} 2\n"))
        #expect(text.contains("http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1\n"))
        #expect(text.contains("http_requests_total{method=\"other\",route=\"unmatched\",status=\"405\"} 1\n"))
        #expect(text.contains("http_request_duration_seconds_count{method=\"GET\",route=\"/things/{id}\"} 2\n"))
        #expect(!text.contains("secret"))
    }

    private func thingService() -> TestService {
        TestService { router in
            router.get("/things/{id}") { _, _ in JSONResponse(.ok, "thing") }
            router.patch("/things/{id}") { _, _ in JSONResponse(.ok, "thing") }
        }
    }
}
