import HTTPTypes
import JSON
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(1))) struct HealthTests {
    private struct Down: Error {}

    @Test func `A service is alive whatever its checks say`() async throws {
        let service = TestService(checks: [HealthCheck("database") { .failed("down") }])
        let answer = try await service.send(.get, "/livez")
        #expect(answer.status == 200)
        #expect(answer.json == ["status": "alive"])
    }

    @Test func `A service whose checks are well is ready`() async throws {
        let service = TestService(checks: [
            HealthCheck("database") { .ok }, .succeeding("broker", orElse: "the broker is away") {},
            HealthCheck("lag") { .ok(detail: "3 records") },
        ])
        let answer = try await service.send(.get, "/readyz")
        #expect(answer.status == 200)
        #expect(
            answer.json == [
                "status": "ready",
                "checks": [
                    ["name": "database", "ok": true, "detail": ""], ["name": "broker", "ok": true, "detail": ""],
                    ["name": "lag", "ok": true, "detail": "3 records"],
                ],
            ]
        )
    }

    @Test func `One check that fails makes it not ready, and is named`() async throws {
        let service = TestService(checks: [
            HealthCheck("database") { .ok }, .succeeding("broker", orElse: "the broker is away") { throw Down() },
        ])
        let answer = try await service.send(.get, "/readyz")
        #expect(answer.status == 503)
        #expect(answer.json["status"] == "not_ready")
        #expect(answer.json["checks"]?.arrayValue?.last == ["name": "broker", "ok": false, "detail": "the broker is away"])
    }

    @Test func `A check that hangs is bounded, and not started again while it hangs`() async throws {
        let calls = Mutex(0)
        let release = AsyncStream<Void>.makeStream()
        let readiness = Readiness(
            checks: [
                HealthCheck("stuck") {
                    calls.withLock { $0 += 1 }
                    // Heeds no cancellation.
                    await Task.detached { for await _ in release.stream { break } }.value
                    return .ok
                }
            ],
            limit: .milliseconds(20)
        )
        #expect(await readiness.report().entries.map(\.result) == [.failed("no answer within 20ms")])
        #expect(await readiness.report().entries.map(\.result) == [.failed("the check has not returned yet")])
        #expect(calls.withLock { $0 } == 1)
        release.continuation.finish()
    }

    @Test func `A service that shuts down is not ready`() async {
        let readiness = Readiness(checks: [HealthCheck("database") { .ok }])
        readiness.beginShutdown()
        let report = await readiness.report()
        #expect(!report.isReady)
        #expect(report.entries.map(\.name) == ["shutdown"])
    }

    @Test func `The documents are served as they are`() async throws {
        let service = TestService(openAPI: Array("openapi: 3.1.0".utf8))
        let document = try await service.send(.get, "/openapi.yaml")
        #expect(document.status == 200)
        #expect(document.headers[.contentType] == "application/yaml")
        #expect(document.text == "openapi: 3.1.0")
        let page = try await service.send(.get, "/docs")
        #expect(page.status == 200)
        #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        #expect(page.text.lowercased().contains("<html"))
        let metrics = try await service.send(.get, "/metrics")
        #expect(metrics.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(metrics.text.contains("# TYPE http_requests_total counter\n"))
    }

    @Test func `A service without a document says so`() async throws {
        #expect(try await TestService().send(.get, "/openapi.yaml").problem == "/problems/not-found")
    }
}
