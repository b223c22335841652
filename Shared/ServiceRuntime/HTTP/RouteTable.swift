import HTTPTypes
import Hummingbird
import Synchronization

/// The routes of a service, to tell "there is no such path" from "this path does not answer that method".
package final class RouteTable: Sendable {
    /// A method and a path template: `GET /orders/{id}`.
    package struct Route: Sendable, Hashable, CustomStringConvertible {
        package let method: String
        package let path: String

        package var description: String { "\(method) \(path)" }
    }

    private let known = Mutex<[Route]>([])

    package init() {}

    /// Every route, sorted by path.
    package var routes: [Route] { known.withLock { $0 } }

    /// Learns the routes of a router. Called once they are all added.
    func learn(from router: ServiceRouter) {
        let routes = router.routes.map { Route(method: $0.method.rawValue, path: $0.path.description) }
        known.withLock { $0 = routes.sorted { ($0.path, $0.method) < ($1.path, $1.method) } }
    }

    /// The methods that a path answers; empty when there is no such path. `HEAD` goes with `GET`.
    func methods(at path: String) -> [String] {
        let segments = path.split(separator: "/")
        var methods = Set(known.withLock { $0 }.filter { Self.matches($0.path, segments) }.map(\.method))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted()
    }

    private static func matches(_ template: String, _ segments: [Substring]) -> Bool {
        let parts = template.split(separator: "/")
        return parts.count == segments.count && zip(parts, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}
