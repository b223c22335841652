import EventContracts
import JSON
import ServiceTesting
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct CrashTests {
        private let system = Result { try System.shared }

        private struct Placed: Sendable {
            let customer: Customer
            let orders: [String]
        }

        private static let deposit: Int64 = 1_000
        private static let price: Int64 = 150
        private static let customers = 20
        private static let ordersEach = 10

        @Test(arguments: ["order", "billing", "notification"])
        func `After kill -9 in the middle of 200 orders each becomes final, is charged once and has one mail`(name: String) async throws {
            let system = try system.get()
            let victim = try system.service(name)
            let customers = try await concurrently(0..<Self.customers) { _ in try await system.registerWithAccount(holding: Self.deposit) }

            let accepted = Counter()
            async let placing = concurrently(customers, atMost: Self.customers) { customer in
                var orders: [String] = []
                for _ in 0..<Self.ordersEach {
                    orders.append(try await place(for: customer, in: system))
                    accepted.increment()
                }
                return Placed(customer: customer, orders: orders)
            }
            try await eventually(within: .seconds(60), "half of the orders") { accepted.value >= Self.customers * Self.ordersEach / 2 }
            try await victim.kill()
            let killedAt = accepted.value
            try victim.launch()
            let placed = try await placing
            try await victim.awaitReady()

            let ids = placed.flatMap(\.orders)
            #expect(Set(ids).count == Self.customers * Self.ordersEach)
            var final: [String: String] = [:]
            for order in try await concurrently(ids, { try await system.finalOrder($0) }) {
                final[order["id"]?.stringValue ?? ""] = order["status"]?.stringValue
            }
            #expect(Set(final.keys) == Set(ids))
            for entry in placed { try await check(entry, final, in: system) }
            try await checkMails(of: placed, final, killed: name, afterOrders: killedAt, in: system)
        }

        /// Tries until the service has answered; the key makes one order of all tries.
        private func place(for customer: Customer, in system: System) async throws -> String {
            let key = ["Idempotency-Key": "\(EventID())"]
            return try await eventually(within: .seconds(60), "an order is accepted") {
                guard let answer = try? await system.place(Self.price, for: customer, key) else { return nil }
                if answer.status == 201 { return answer["id"].stringValue }
                // What a client may be told while a service comes back; anything else is a mistake.
                guard answer.status == 503 || answer["type"] == "/problems/idempotency-key-in-use" else {
                    throw WorldFailure("an order was answered \(answer)")
                }
                return nil
            }
        }

        private func check(_ placed: Placed, _ final: [String: String], in system: System) async throws {
            let listed = try await system.items(system.order, "/orders?user_id=\(placed.customer.id)")
            #expect(Set(listed.compactMap { $0["id"]?.stringValue }) == Set(placed.orders), "repeats made no second order")
            #expect(listed.count == Self.ordersEach)
            let confirmed = Set(placed.orders.filter { final[$0] == "confirmed" })
            let rejected = Set(placed.orders.filter { final[$0] == "rejected" })
            #expect(confirmed.count == Int(Self.deposit / Self.price))
            #expect(confirmed.count + rejected.count == Self.ordersEach)
            let balance = try await system.balance(of: placed.customer)
            #expect(balance == Self.deposit - Int64(confirmed.count) * Self.price)
            let statement = try await system.statement(of: placed.customer)
            #expect(statement.flaws(balance: balance) == [])
            #expect(statement.orders("payment") == confirmed)
            #expect(statement.orders("payment_declined") == rejected)
        }

        private func checkMails(
            of placed: [Placed],
            _ final: [String: String],
            killed name: String,
            afterOrders count: Int,
            in system: System
        ) async throws {
            for customer in placed.map(\.customer) {
                try await eventually(within: .seconds(60), "all messages to \(customer.id) are sent") {
                    let messages = try await system.items(system.notification, "/messages?user_id=\(customer.id)")
                    return messages.count >= Self.ordersEach + 1 && messages.allSatisfy { $0["status"] == "sent" }
                }
            }
            let mails = try system.mailbox.mailsByOrder()
            var repeats = 0
            for id in placed.flatMap(\.orders) {
                let messages = try await system.items(system.notification, "/messages?order_id=\(id)")
                #expect(messages.map { $0["kind"]?.stringValue } == [final[id] == "confirmed" ? "happy" : "sad"])
                let received = mails[id] ?? []
                #expect(Set(received.map(\.messageID)).count == 1, "mails about the order \(id): \(received.map(\.messageID))")
                if let first = received.first { #expect(received.allSatisfy { $0 == first }, "a mail that comes again is the same mail") }
                repeats += max(0, received.count - 1)
            }
            print("kill -9 of \(name) after \(count) of 200 orders: \(final.count) final, \(repeats) mails came twice under one Message-ID")
            // SMTP has no transaction with a database: one mail may be on its way at the instant of the kill.
            #expect(repeats <= (name == "notification" ? 1 : 0))
        }
    }
}

/// Counts from several tasks.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func increment() { count.withLock { $0 += 1 } }
}
