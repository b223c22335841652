package import Hummingbird

/// Answers operators under the service's own name as well: `/order/readyz` is `/readyz` of the order service.
///
/// Behind one address for all services their operators' paths need a prefix. A service that knows its own needs no gateway that rewrites
/// paths: a Kubernetes Ingress cannot do that in a portable way. Everything behind this sees the bare path, so routes, metrics and logs
/// have one name for it. Customers' paths are unlike in all services, and have no second form.
package struct PrefixedResponder: HTTPResponder {
    private let responder: RouterResponder<ServiceRequestContext>
    private let prefix: String?

    /// - Parameter service: The service's name, `order`; `nil` for none.
    init(_ responder: RouterResponder<ServiceRequestContext>, service: String?) {
        self.responder = responder
        prefix = service.map { "/\($0)/" }
    }

    package func respond(to request: Request, context: ServiceRequestContext) async throws -> Response {
        guard let path = barePath(of: request.head.path) else { return try await responder.respond(to: request, context: context) }
        var head = request.head
        head.path = path
        return try await responder.respond(to: Request(head: head, body: request.body), context: context)
    }

    /// The path, with its query, as the service's own routes have it; `nil` when it is not one of the operators' behind the prefix.
    private func barePath(of path: String?) -> String? {
        guard let prefix, let path, path.hasPrefix(prefix) else { return nil }
        let rest = path.dropFirst(prefix.count)
        return OperatorRoutes.begins(String(rest.prefix { $0 != "/" && $0 != "?" })) ? "/\(rest)" : nil
    }
}
