package import EventContracts
import Postgres

/// Says which handler gets which type of event, and what stands around every handler.
///
/// Handlers of one batch are called in the order of their registration: register what opens gates before what waits at them.
package struct EventRouter: Sendable {
    /// A handler without its type.
    struct Route: Sendable {
        let type: EventType
        let topic: Topic
        let decode: @Sendable (ReceivedEvent) throws(EventDecodingError) -> any Sendable
        let handle: @Sendable ([any Sendable], borrowing Transaction) async throws -> [WaitingEvent]
    }

    private(set) var routes: [Route] = []
    private var middleware: [any ConsumerMiddleware] = []

    package init() {}

    /// The topics that have to be subscribed to.
    package var topics: [Topic] { routes.map(\.topic) }

    /// Puts a layer around every handler; the first one added is the outermost.
    package mutating func use(_ layer: some ConsumerMiddleware) {
        middleware.append(layer)
    }

    /// Gives every event of the handler's type to `handler`.
    ///
    /// - Precondition: One handler for a type: what a service does about an event is one thing.
    package mutating func register<Handler: EventHandler>(_ handler: Handler) {
        precondition(!routes.contains { $0.type == Handler.Handled.type }, "two handlers for \(Handler.Handled.type.rawValue)")
        routes.append(
            Route(
                type: Handler.Handled.type,
                topic: Handler.Handled.topic,
                decode: { received throws(EventDecodingError) in try received.decode(Handler.Handled.self) },
                handle: { envelopes, transaction in
                    try await handler.handle(envelopes.compactMap { $0 as? EventEnvelope<Handler.Handled> }, in: transaction)
                }
            )
        )
    }

    func route(for type: EventType) -> Int? {
        routes.firstIndex { $0.type == type }
    }

    /// Calls a handler through the layers.
    func handle(_ deliveries: [Delivery], by route: Int, in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        let call = HandlerCall(type: routes[route].type, metadata: deliveries.map(\.metadata))
        return try await descend(into: middleware[...], call: call, deliveries: deliveries, route: route, transaction)
    }

    private func descend(
        into layers: ArraySlice<any ConsumerMiddleware>,
        call: HandlerCall,
        deliveries: [Delivery],
        route: Int,
        _ transaction: borrowing Transaction
    ) async throws -> [WaitingEvent] {
        guard let layer = layers.first else { return try await routes[route].handle(deliveries.map(\.envelope), transaction) }
        var waiting: [WaitingEvent] = []
        try await layer.around(call) {
            waiting = try await descend(into: layers.dropFirst(), call: call, deliveries: deliveries, route: route, transaction)
        }
        return waiting
    }
}
