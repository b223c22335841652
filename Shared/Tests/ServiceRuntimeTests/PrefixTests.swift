import HTTPTypes
import Hummingbird
import JSON
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(1))) struct PrefixTests {
    private func orders() -> TestService {
        TestService(service: "order", openAPI: Array("openapi: 3.1.0\n".utf8)) { router in
            router.get("/orders") { request, _ in JSONResponse(.ok, request.head.path ?? "") }
            router.get("/admin/status") { request, _ in JSONResponse(.ok, request.head.path ?? "") }
        }
    }

    @Test(arguments: ["/livez", "/readyz", "/metrics", "/openapi.yaml", "/docs", "/admin/status"])
    func `Operators are answered with and without the service's name`(path: String) async throws {
        let service = orders()
        for target in [path, "/order" + path] {
            let answer = try await service.send(.get, target)
            #expect(answer.status == 200, "\(target)")
        }
    }

    @Test func `The query stays with the path`() async throws {
        #expect(try await orders().send(.get, "/order/admin/status?limit=5").json.stringValue == "/admin/status?limit=5")
        #expect(try await orders().send(.get, "/order/livez?limit=5").status == 200)
    }

    @Test func `A method that the path does not answer is refused, by its name`() async throws {
        let answer = try await orders().send(.delete, "/order/livez")
        #expect(answer.status == 405)
        #expect(answer.headers[.allow] == "GET, HEAD")
    }

    @Test func `Metrics know a path by one name`() async throws {
        let service = orders()
        _ = try await service.send(.get, "/order/readyz")
        let text = try await service.send(.get, "/order/metrics").text
        #expect(text.contains("route=\"/readyz\""))
        #expect(!text.contains("route=\"/order"))
        #expect(!text.contains("unmatched"))
    }

    @Test(arguments: [
        "/order/orders", "/order", "/order/", "/order/livezz", "/order/livez/more", "/billing/livez", "/ordering/livez",
        "/order/order/livez", "/order?/livez", "/order/admin", "/orders/livez",
    ])
    func `Nothing else is answered under the name`(path: String) async throws {
        let answer = try await orders().send(.get, path)
        #expect(answer.status == 404)
        #expect(answer.problem == "/problems/not-found")
    }

    @Test func `A service without a name has no prefix`() async throws {
        #expect(try await TestService().send(.get, "/order/livez").status == 404)
    }
}
