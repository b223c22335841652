import EventContracts
import Messaging
import Postgres
import ServiceTesting
import Testing

@testable import OrderService

/// What the order service does about billing's decisions.
@Suite(.enabled(if: TestDatabase.isAvailable))
struct OrderHandlerTests {
    @Test func `A batch of payments confirms its orders and tells the others, once`() async throws {
        try await OrderFixture.with { service in
            let user = try await service.register().id
            let orders = [try await service.place(user), try await service.place(user), try await service.place(user)]
            let payment = PaymentID()
            try await service.confirm([orders[0], orders[1], orders[0]], paidBy: payment)
            try await service.confirm([orders[1]], paidBy: payment)
            let listed = try await service.list(user: user)
            #expect(listed.reversed().map(\.status) == [.confirmed, .confirmed, .pending])
            #expect(listed.reversed().map(\.version) == [2, 2, 1])
            #expect(try await service.find(orders[0].id)?.paymentID == payment)
            #expect(try await service.published().filter { $0 == "order.OrderConfirmed" }.count == 2)
        }
    }

    @Test func `A declined payment rejects its order with the reason`() async throws {
        try await OrderFixture.with { service in
            let order = try await service.place(try await service.register().id)
            try await service.reject([order, order])
            #expect(try await service.find(order.id)?.reason == .insufficientFunds)
            #expect(try await service.published().last == "order.OrderRejected")
            #expect(try await service.published().count == 3)
        }
    }

    @Test func `A contradiction and an unknown order are errors that change nothing`() async throws {
        try await OrderFixture.with { service in
            let order = try await service.place(try await service.register().id)
            try await service.confirm([order])
            await #expect(throws: OrderConflict.self) { try await service.reject([order]) }
            let unknown = Order(userID: order.userID, price: order.price, items: [], at: .now)
            await #expect(throws: UnknownOrder.self) { try await service.confirm([unknown]) }
            #expect(try await service.find(order.id)?.status == .confirmed)
            #expect(try await service.published().count == 3)
        }
    }

    @Test func `Batches with the same orders in any order do not block each other for good`() async throws {
        try await OrderFixture.with(maximumConnections: 8) { service in
            let user = try await service.register().id
            var orders: [Order] = []
            for _ in 0..<20 { orders.append(try await service.place(user)) }
            let payment = PaymentID()
            let placed = orders
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 { group.addTask { try await service.confirm(placed.shuffled(), paidBy: payment) } }
                try await group.waitForAll()
            }
            #expect(try await service.list(status: .confirmed).count == 20)
            #expect(try await service.published().filter { $0 == "order.OrderConfirmed" }.count == 20)
        }
    }

    /// The wait is for a minute, so only the decision itself can have ended it.
    @Test func `Who waits for a decision is told with its commit`() async throws {
        try await OrderFixture.with { service in
            let order = try await service.place(try await service.register().id)
            let wait = AwaitDecision(postgres: service.database.pool, orders: service.orders, changes: service.changes)
            async let decided = wait(order.id, within: .seconds(60))
            let start = ContinuousClock.now
            try await service.confirm([order])
            let final = try await decided
            #expect(final?.status == .confirmed)
            #expect(start.duration(to: .now) < .seconds(20))
            #expect(try await wait(order.id, within: .zero)?.status == .confirmed)
            #expect(try await wait(OrderID(), within: .seconds(60)) == nil)
        }
    }

    /// The decision is made by another process: its notification carries the order's id, or says that something may have been missed.
    @Test(arguments: [true, false])
    func `Who waits is told of another process's decision`(hasPayload: Bool) async throws {
        try await OrderFixture.with { service in
            let order = try await service.place(try await service.register().id)
            let here = OrderChanges()
            let wait = AwaitDecision(postgres: service.database.pool, orders: service.orders, changes: here)
            let waiting = Task { try await wait(order.id, within: .seconds(60)) }
            try await service.confirm([order])
            here.received(hasPayload ? order.id.description : nil)
            #expect(try await waiting.value?.status == .confirmed)
        }
    }
}
