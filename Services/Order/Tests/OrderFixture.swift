import EventContracts
import Foundation
import Messaging
import Postgres
import ServiceTesting

@testable import OrderService

/// An order service's database and the parts of the service that write to it.
struct OrderFixture {
    let database: TestDatabase
    let users = UserStore()
    let orders = OrderStore()
    let outbox = Outbox(relayWakeUp: Signal())
    let changes = OrderChanges()

    static func with(maximumConnections: Int = 6, _ body: (OrderFixture) async throws -> Void) async throws {
        let migrators = [
            Migrator(set: "messaging", migrations: try Migration.load(from: MessagingMigrations.directory)),
            Migrator(set: "order", migrations: try Migration.load(from: Bundle.module.bundleURL.appending(path: "Migrations"))),
        ]
        try await TestDatabase.with(migrators: migrators, maximumConnections: maximumConnections) { database in
            try await body(OrderFixture(database: database))
        }
    }

    func register(_ email: String? = nil, in currency: Currency = .usd) async throws -> User {
        let register = RegisterUser(users: users, outbox: outbox)
        return try await database.pool.withTransaction {
            try await register(email: email ?? "\(UserID())@example.org", name: "A", currency: currency, causedBy: .none, in: $0)
        }
    }

    func place(_ user: UserID, _ amount: Int64 = 100) async throws -> Order {
        let place = PlaceOrder(users: users, orders: orders, outbox: outbox)
        let request = NewOrder(userID: user, price: .init(amount: amount, currency: nil), items: [])
        return try await database.pool.withTransaction { try await place(request, causedBy: .none, in: $0) }
    }

    func confirm(_ orders: [Order], paidBy payment: PaymentID = PaymentID()) async throws {
        let events = orders.map { order in
            Self.envelope(
                PaymentCompleted(
                    paymentID: payment,
                    orderID: order.id,
                    userID: order.userID,
                    amount: order.price,
                    balanceAfter: Money(amount: 0, currency: order.price.currency)
                )
            )
        }
        let handler = ConfirmOrders(orders: self.orders, outbox: outbox, changes: changes)
        try await database.pool.withTransaction { _ = try await handler.handle(events, in: $0) }
    }

    func reject(_ orders: [Order]) async throws {
        let events = orders.map { order in
            Self.envelope(
                PaymentDeclined(
                    orderID: order.id,
                    userID: order.userID,
                    amount: order.price,
                    balance: Money(amount: 0, currency: order.price.currency),
                    reason: .insufficientFunds
                )
            )
        }
        let handler = RejectOrders(orders: self.orders, outbox: outbox, changes: changes)
        try await database.pool.withTransaction { _ = try await handler.handle(events, in: $0) }
    }

    func find(_ id: OrderID) async throws -> Order? {
        try orders.decode(try await database.pool.query(orders.find(id))).first
    }

    func list(user: UserID? = nil, status: Order.Status? = nil, before: OrderID? = nil, limit: Int = 100) async throws -> [Order] {
        try orders.decode(
            try await database.pool.query(orders.list(OrderStore.Filter(userID: user, status: status, before: before, limit: limit)))
        )
    }

    func published() async throws -> [String] {
        try await database.pool.query("SELECT type FROM messaging.events ORDER BY id").decode(String.self)
    }

    static func envelope<E: Event>(_ event: E) -> EventEnvelope<E> {
        EventEnvelope(
            event: event,
            metadata: EventMetadata(id: EventID(), time: .now, causation: nil, correlation: event.correlation, trace: nil)
        )
    }
}
