import Hummingbird
package import Logging

/// A service's whole HTTP side: the middleware in its order, the operators' routes and the service's own.
///
/// From the outside in: request id and trace; access log and metrics; errors to problems; the body, collected within its limit; the limit of
/// requests at once; the route. So every answer, errors included, has an id, is counted, and is a problem when it is an error.
package struct ServiceResponder: Sendable {
    /// Answers requests.
    package let responder: PrefixedResponder
    /// What it answers.
    package let routes: RouteTable
    /// Where it counts.
    let metrics: PrometheusRegistry

    /// - Parameters:
    ///   - service: The service's name, under which operators' paths are answered as well; `nil` for none.
    ///   - routes: Adds the service's own routes.
    ///   - openAPI: The service's API document, served as it is.
    package init(
        service: String? = nil,
        settings: HTTPSettings,
        readiness: Readiness,
        metrics: PrometheusRegistry,
        logger: Logger,
        openAPI: [UInt8] = [],
        routes addRoutes: (ServiceRouter) -> Void
    ) {
        let table = RouteTable()
        let router = ServiceRouter(context: ServiceRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware {
            RequestScopeMiddleware(logger: logger)
            AccessMiddleware(metrics: metrics)
            ProblemMiddleware(routes: table)
            BodyMiddleware(limitBytes: settings.bodyLimitBytes)
            ConcurrencyLimitMiddleware(limit: settings.maximumConcurrentRequests)
        }
        OperatorRoutes(readiness: readiness, metrics: metrics, openAPI: openAPI, page: DocumentationPage.bytes).add(to: router)
        addRoutes(router)
        table.learn(from: router)
        self.routes = table
        self.metrics = metrics
        responder = PrefixedResponder(router.buildResponder(), service: service)
    }
}
