import Hummingbird
import Logging
import Metrics
import Synchronization

/// Counts, times and logs each request under its route's template; the raw path is never a label.
///
/// One log entry a request at `info`; routes for operators at `debug`, so that probes do not fill the log.
final class AccessMiddleware: RouterMiddleware, Sendable {
    typealias Context = ServiceRequestContext

    private struct Kind: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private let metrics: PrometheusRegistry
    private let inFlight: GaugeCell
    private let kinds = Mutex<[Kind: (requests: CounterCell, duration: HistogramCell)]>([:])
    private let clock = ContinuousClock()

    init(metrics: PrometheusRegistry) {
        self.metrics = metrics
        inFlight = metrics.gauge(MetricNames.requestsInFlight, [])
    }

    func handle(
        _ request: Request,
        context: ServiceRequestContext,
        next: @concurrent (Request, ServiceRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = clock.now
        inFlight.increment(by: 1)
        defer { inFlight.decrement(by: 1) }
        let response = try await next(request, context)
        let elapsed = clock.now - start
        let route = context.route ?? "unmatched"
        measure(Kind(method: Self.label(request.method), route: route, status: response.status.code), elapsed)
        context.logger.log(
            level: OperatorRoutes.isOperator(route) ? .debug : .info,
            "The request was answered",
            metadata: [
                LogKeys.method: "\(request.method)",
                LogKeys.route: "\(route)",
                LogKeys.status: .stringConvertible(response.status.code),
                LogKeys.durationMilliseconds: .stringConvertible(elapsed.milliseconds),
            ]
        )
        return response
    }

    private func measure(_ kind: Kind, _ elapsed: Duration) {
        let cells = kinds.withLock { kinds in
            if let known = kinds[kind] { return known }
            let labels = [("method", kind.method), ("route", kind.route)]
            let new = (
                requests: metrics.counter(MetricNames.requests, labels + [("status", String(kind.status))]),
                duration: metrics.histogram(MetricNames.requestDuration, labels, bounds: HistogramCell.secondBounds)
            )
            kinds[kind] = new
            return new
        }
        cells.requests.increment(by: 1.0)
        cells.duration.record(elapsed.milliseconds / 1000)
    }

    /// Methods that clients make up would be labels without end.
    private static func label(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .patch, .delete, .options: method.rawValue
        default: "other"
        }
    }
}

extension Duration {
    /// In milliseconds, to the microsecond.
    var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1000 + Double(attoseconds / 1_000_000_000_000) / 1000
    }
}
