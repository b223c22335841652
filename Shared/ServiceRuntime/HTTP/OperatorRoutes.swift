import Hummingbird
import Logging

/// What every service answers to operators: `/livez`, `/readyz`, `/metrics`, `/openapi.yaml`, `/docs`; see ``PrefixedResponder`` too.
struct OperatorRoutes {
    let readiness: Readiness
    let metrics: PrometheusRegistry
    let openAPI: [UInt8]
    let page: [UInt8]

    private static let paths: Set<String> = ["/livez", "/readyz", "/metrics", "/openapi.yaml", "/docs"]

    /// Whether a route template is one of these.
    static func isOperator(_ route: String) -> Bool { paths.contains(route) }

    /// Whether operators' paths begin with this segment. Their own API will stand under `admin`.
    static func begins(_ segment: String) -> Bool { segment == "admin" || paths.contains("/\(segment)") }

    func add(to router: ServiceRouter) {
        // Only that the process can answer: restarting it would not bring a database back.
        router.get("/livez") { _, _ in JSONResponse(.ok, Liveness()) }
        router.get("/readyz") { [readiness] _, _ in
            let report = await readiness.report()
            return JSONResponse(report.isReady ? .ok : .serviceUnavailable, report, headers: [.cacheControl: "no-store"])
        }
        router.get("/metrics") { [metrics] _, _ in Self.document(metrics.rendered(), MediaTypes.prometheus) }
        router.get("/openapi.yaml") { [openAPI] _, _ in
            if openAPI.isEmpty { throw Problem.notFound("This service has no API document.") }
            return Self.document(openAPI, MediaTypes.openAPI)
        }
        router.get("/docs") { [page] _, _ in
            if page.isEmpty { throw Problem.notFound("This service has no documentation page.") }
            return Self.document(page, MediaTypes.html)
        }
    }

    private static func document(_ bytes: [UInt8], _ mediaType: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: mediaType, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
