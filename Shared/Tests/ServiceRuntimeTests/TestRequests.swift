import HTTPTypes
import Hummingbird
import JSON
import Logging
import Synchronization

@testable import ServiceRuntime

/// A service's HTTP side without a socket: the responder is called as the server would call it.
struct TestService {
    let metrics = PrometheusRegistry()
    let log = Lines()
    private let responder: ServiceResponder

    init(
        service: String? = nil,
        settings: HTTPSettings = HTTPSettings(),
        checks: [HealthCheck] = [],
        openAPI: [UInt8] = [],
        routes: (ServiceRouter) -> Void = { _ in }
    ) {
        let log = log
        responder = ServiceResponder(
            service: service,
            settings: settings,
            readiness: Readiness(checks: checks, limit: .milliseconds(50)),
            metrics: metrics,
            logger: Logger(label: "test") { label in
                JSONLogHandler(service: "test", label: label, level: .debug) { log.append(String(decoding: $0, as: UTF8.self)) }
            },
            openAPI: openAPI,
            routes: routes
        )
    }

    /// Sends a request and reads the whole answer.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        headers: HTTPFields = [:],
        body: [UInt8]? = nil
    ) async throws -> TestAnswer {
        var headers = headers
        if let body { headers[.contentLength] = String(body.count) }
        let head = HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: headers)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body ?? [])))
        let response = try await responder.responder.respond(to: request, context: ServiceRequestContext(logger: Logger(label: "unused")))
        let collected = CollectedBody()
        try await response.body.write(collected)
        return TestAnswer(status: response.status.code, headers: response.headers, body: collected.bytes)
    }

    /// Sends a JSON body.
    func send(_ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], json: String) async throws -> TestAnswer {
        var headers = headers
        headers[.contentType] = "application/json"
        return try await send(method, path, headers: headers, body: Array(json.utf8))
    }
}

/// What a service answered.
struct TestAnswer: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body; `null` when it is not JSON.
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// The type of a problem, `nil` for an answer that is none.
    var problem: String? {
        guard headers[.contentType] == "application/problem+json", json["status"]?.integerValue == Int64(status),
            json["instance"]?.stringValue == headers[.requestID]
        else { return nil }
        return json["type"]?.stringValue
    }

    /// The pointers of a validation problem, in order.
    var pointers: [String] {
        (json["errors"]?.arrayValue ?? []).compactMap { $0["pointer"]?.stringValue }
    }
}

/// Takes what a response's body writes.
private final class CollectedBody: ResponseBodyWriter, Sendable {
    private let collected = Mutex<[UInt8]>([])

    var bytes: [UInt8] { collected.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws {
        collected.withLock { $0.append(contentsOf: buffer.readableBytesView) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
