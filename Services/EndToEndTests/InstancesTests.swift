import JSON
import ServiceTesting
import Testing

extension EndToEnd {
    /// Two instances of each service over one database, as any deployment has them.
    @Suite(.withSystem) struct InstancesTests {
        private let system = Result { try System.shared }

        @Test func `Two instances of each service share the partitions, and what one leaves the other takes over`() async throws {
            let system = try system.get()
            let seconds = try system.services.map { try system.another($0.name) }
            defer { for instance in seconds { (try? instance.running)?.signal(9) } }
            let start = ContinuousClock.now
            for instance in seconds { try instance.launch() }
            for instance in seconds {
                try await instance.awaitReady()
                print("instances: a second \(instance.name) was ready \(ContinuousClock.now - start) after its start")
            }
            for service in system.services { try await service.awaitReady() }
            let customer = try await system.registerWithAccount(holding: 1_000)
            let others = try await (0..<20).asyncMap { _ in try await system.registerWithAccount(holding: 10) }
            let orders = try await others.asyncMap { try await system.placeOrder(10, for: $0) }
            for order in orders { #expect(try await system.finalOrder(order)["status"] == "confirmed") }

            // The first ones go, and the second ones carry on; then the other way round.
            for service in system.services { #expect(try await service.stop() == .exited(0)) }
            let placed = try await seconds[0].send(
                .post("/orders", ["user_id": .string(customer.id), "price": usd(1_000)], ["Prefer": "wait=30"]),
                within: .seconds(45)
            )
            #expect(placed.status == 201 && placed["status"] == "confirmed")
            for service in system.services { try await service.start() }
            for instance in seconds { #expect(try await instance.stop() == .exited(0)) }
            let order = try #require(placed["id"].stringValue)
            #expect(try await system.sentMessages(aboutOrder: order).count == 1)
            try await system.settle()
            #expect(try await system.balance(of: customer) == 0)
        }
    }
}

extension Sequence where Self: Sendable, Element: Sendable {
    /// One after the other.
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
