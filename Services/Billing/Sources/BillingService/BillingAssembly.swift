import Foundation
import Messaging
package import ServiceRuntime

/// The only file where the billing service's parts meet.
package enum BillingAssembly {
    /// Connects the parts; nothing is reached for yet.
    package static func make(_ bootstrap: Bootstrap<BillingConfiguration>) async throws -> Assembly {
        let backbone = try Backbone(bootstrap)
        let accounts = AccountStore()
        let routes = BillingRoutes(
            postgres: backbone.postgres,
            commands: backbone.commands,
            accounts: accounts,
            deposit: DepositMoney(accounts: accounts, outbox: backbone.outbox),
            withdraw: WithdrawMoney(accounts: accounts, outbox: backbone.outbox)
        )

        var parts = Backbone.Parts(
            migrations: Bundle.module.bundleURL.appending(path: "Migrations"),
            openAPI: Bundle.module.bundleURL.appending(path: "openapi.yaml"),
            routes: routes.add
        )
        // First what opens accounts, then what needs them: orders that come in one batch with their user find the account open.
        parts.handlers.register(OpenAccount(accounts: accounts, outbox: backbone.outbox, parked: backbone.parked))
        parts.handlers.register(ChargeOrders(accounts: accounts, outbox: backbone.outbox))
        return try backbone.assembly(parts)
    }
}
