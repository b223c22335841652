import EventContracts
import Postgres
import ServiceTesting
import Testing

@testable import OrderService

@Suite(.enabled(if: TestDatabase.isAvailable))
struct OrderStoreTests {
    @Test func `An order is found as it was placed`() async throws {
        try await OrderFixture.with { service in
            let user = try await service.register(in: .usd)
            let item = LineItem(sku: "a \"b\" ✓", quantity: 3, unitPrice: Money(amount: 7, currency: .usd))
            let order = Order(userID: user.id, price: Money(amount: 21, currency: .usd), items: [item], at: .now)
            _ = try await service.database.pool.query(service.orders.insert(order))
            let found = try #require(try await service.find(order.id))
            #expect(found.items == order.items)
            #expect(found.userID == user.id)
            #expect(found.price == order.price)
            #expect(found.status == .pending)
            #expect(try await service.find(OrderID()) == nil)
        }
    }

    @Test(arguments: [1, 2, 5, 100])
    func `Every filter lists its orders, newest first, in pages without gaps or repeats`(limit: Int) async throws {
        try await OrderFixture.with { service in
            let users = [try await service.register().id, try await service.register().id]
            var placed: [Order] = []
            for number in 0..<9 { placed.append(try await service.place(users[number % 2])) }
            try await service.confirm([placed[0], placed[1], placed[2]])
            try await service.reject([placed[3], placed[4]])
            let statuses: [Order.Status] = [
                .confirmed, .confirmed, .confirmed, .rejected, .rejected, .pending, .pending, .pending, .pending,
            ]
            for user in [nil, users[0], users[1], UserID()] {
                for status in [nil] + Order.Status.allCases.map(Optional.some) {
                    let expected = placed.indices.reversed()
                        .filter { (user == nil || placed[$0].userID == user) && (status == nil || statuses[$0] == status) }
                        .map { placed[$0].id }
                    var listed: [OrderID] = []
                    while true {
                        let page = try await service.list(user: user, status: status, before: listed.last, limit: limit)
                        #expect(page.count <= limit)
                        if page.isEmpty { break }
                        listed += page.map(\.id)
                    }
                    #expect(listed == expected)
                }
            }
        }
    }

    @Test func `A mailbox is registered once, however it is written, and a refused registration says nothing to others`() async throws {
        try await OrderFixture.with { service in
            _ = try await service.register("Anna@example.org")
            await #expect(throws: EmailTaken.self) { _ = try await service.register("anna@EXAMPLE.org") }
            #expect(try await service.published() == ["order.UserRegistered"])
        }
    }

    @Test func `An order of nobody is refused and leaves nothing`() async throws {
        try await OrderFixture.with { service async throws in
            await #expect(throws: UnknownUser.self) { _ = try await service.place(UserID()) }
            #expect(try await service.list().isEmpty)
            #expect(try await service.published().isEmpty)
        }
    }
}
