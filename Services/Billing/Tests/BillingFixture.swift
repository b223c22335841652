import EventContracts
import Foundation
import Messaging
import Postgres
import ServiceTesting

@testable import BillingService

/// A billing database and the parts of the service that write to it.
struct BillingFixture {
    let database: TestDatabase
    let accounts = AccountStore()
    let outbox = Outbox(relayWakeUp: Signal())
    let retriesWakeUp = Signal()

    static func with(maximumConnections: Int = 6, _ body: (BillingFixture) async throws -> Void) async throws {
        let migrators = [
            Migrator(set: "messaging", migrations: try Migration.load(from: MessagingMigrations.directory)),
            Migrator(set: "billing", migrations: try Migration.load(from: Bundle.module.bundleURL.appending(path: "Migrations"))),
        ]
        try await TestDatabase.with(migrators: migrators, maximumConnections: maximumConnections) { database in
            try await body(BillingFixture(database: database))
        }
    }

    var parked: ParkedSequences { ParkedSequences(group: "billing", retriesWakeUp: retriesWakeUp) }
    var openAccount: OpenAccount { OpenAccount(accounts: accounts, outbox: outbox, parked: parked) }
    var chargeOrders: ChargeOrders { ChargeOrders(accounts: accounts, outbox: outbox) }

    /// The service's handlers, in its order.
    var router: EventRouter {
        var router = EventRouter()
        router.register(openAccount)
        router.register(chargeOrders)
        return router
    }

    /// A user with an account and some money.
    func customer(_ balance: Int64, in currency: Currency = .usd) async throws -> UserID {
        let user = UserID()
        try await database.pool.withTransaction { transaction in
            _ = try await openAccount.handle([Self.registered(user, currency)], in: transaction)
        }
        if balance > 0 { try await deposit(balance, on: user) }
        return user
    }

    func deposit(_ amount: Int64, on user: UserID) async throws {
        let deposit = DepositMoney(accounts: accounts, outbox: outbox)
        _ = try await database.pool.withTransaction { try await deposit(amount, nil, on: user, causedBy: .none, in: $0) }
    }

    func withdraw(_ amount: Int64, from user: UserID) async throws {
        let withdraw = WithdrawMoney(accounts: accounts, outbox: outbox)
        _ = try await database.pool.withTransaction { try await withdraw(amount, nil, from: user, causedBy: .none, in: $0) }
    }

    /// Charges orders in one batch; returns those that have to wait.
    @discardableResult
    func charge(_ placed: [EventEnvelope<OrderPlaced>]) async throws -> [WaitingEvent] {
        try await database.pool.withTransaction { try await chargeOrders.handle(placed, in: $0) }
    }

    func account(_ user: UserID) async throws -> Account? {
        try accounts.decode(try await database.pool.query(accounts.find(user))).first
    }

    func entries(_ user: UserID) async throws -> [Entry] {
        try accounts.decodeEntries(try await database.pool.query(accounts.entries(of: user, before: .max, limit: 1000)))
    }

    /// The types of all events in the outbox, in order.
    func published() async throws -> [String] {
        try await database.pool.query("SELECT type FROM messaging.events ORDER BY id").decode(String.self)
    }

    static func registered(_ user: UserID, _ currency: Currency = .usd) -> EventEnvelope<UserRegistered> {
        envelope(UserRegistered(userID: user, email: "\(user)@example.org", name: "A", currency: currency))
    }

    static func placed(_ user: UserID, _ amount: Int64, order: OrderID = OrderID(), in currency: Currency = .usd) -> EventEnvelope<
        OrderPlaced
    > {
        envelope(OrderPlaced(orderID: order, userID: user, items: [], total: Money(amount: amount, currency: currency)))
    }

    static func envelope<E: Event>(_ event: E) -> EventEnvelope<E> {
        EventEnvelope(
            event: event,
            metadata: EventMetadata(id: EventID(), time: .now, causation: nil, correlation: event.correlation, trace: nil)
        )
    }
}
