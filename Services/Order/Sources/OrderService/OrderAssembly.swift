import Foundation
import Messaging
package import ServiceRuntime

/// The only file where the order service's parts meet.
package enum OrderAssembly {
    /// Connects the parts; nothing is reached for yet.
    package static func make(_ bootstrap: Bootstrap<OrderConfiguration>) async throws -> Assembly {
        let backbone = try Backbone(bootstrap)
        let (users, orders, changes) = (UserStore(), OrderStore(), OrderChanges())
        let routes = OrderRoutes(
            postgres: backbone.postgres,
            commands: backbone.commands,
            users: users,
            orders: orders,
            registerUser: RegisterUser(users: users, outbox: backbone.outbox),
            placeOrder: PlaceOrder(users: users, orders: orders, outbox: backbone.outbox),
            awaitDecision: AwaitDecision(postgres: backbone.postgres, orders: orders, changes: changes)
        )

        var parts = Backbone.Parts(
            migrations: Bundle.module.bundleURL.appending(path: "Migrations"),
            openAPI: Bundle.module.bundleURL.appending(path: "openapi.yaml"),
            routes: routes.add
        )
        parts.handlers.register(ConfirmOrders(orders: orders, outbox: backbone.outbox, changes: changes))
        parts.handlers.register(RejectOrders(orders: orders, outbox: backbone.outbox, changes: changes))
        parts.notifications[OrderChanges.channel] = { changes.received($0) }
        return try backbone.assembly(parts)
    }
}
