import JSON
import ServiceTesting
import Testing

extension EndToEnd {
    @Suite struct OutageTests {
        private let system = Result { try System.shared }

        @Test(arguments: ["order", "billing", "notification"])
        func `While its database is away a service says so quickly, and it recovers by itself`(name: String) async throws {
            let system = try system.get()
            let service = try system.service(name)
            let customer = try await system.registerWithAccount(holding: 1_000)
            try await system.settle()
            let pids = try system.services.map { try $0.running.pid }
            // Something is on its way when it happens.
            let before = try await concurrently(0..<5) { _ in try await system.placeOrder(10, for: customer) }
            try await service.database.takeAway()
            for request in requests(to: name, for: customer) {
                for _ in 0..<3 {
                    let start = ContinuousClock.now
                    let answer = try await service.send(request)
                    let elapsed = ContinuousClock.now - start
                    #expect(answer.status == 503, "\(request.method) \(request.target): \(answer)")
                    #expect(answer["type"] == "/problems/unavailable")
                    #expect(answer[header: "Content-Type"] == "application/problem+json")
                    #expect(Int(answer[header: "Retry-After"] ?? "").map { $0 > 0 } == true)
                    #expect(elapsed < .seconds(4), "it took \(elapsed)")
                }
            }
            let readiness = try await service.send(.get("/readyz"))
            #expect(readiness.status == 503)
            #expect(readiness["checks"].arrayValue?.first { $0["name"] == "database" }?["ok"] == false)
            #expect(try await service.send(.get("/livez")).status == 200)
            // The others go on.
            for other in system.services where other.name != name { #expect(try await other.send(.get("/readyz")).status == 200) }
            var orders = before
            if name != "order" { orders += try await concurrently(0..<5) { _ in try await system.placeOrder(10, for: customer) } }

            try await service.database.giveBack()
            let start = ContinuousClock.now
            try await service.awaitReady(within: .seconds(30))
            let ready = ContinuousClock.now - start
            for order in orders { #expect(try await system.finalOrder(order)["status"] == "confirmed") }
            for order in orders { #expect(try await system.sentMessages(aboutOrder: order).count == 1) }
            try await system.settle()
            print(
                "outage: \(name) was ready \(ready) after its database was back, and all was settled \(ContinuousClock.now - start) after"
            )
            #expect(try await system.balance(of: customer) == 1_000 - 10 * Int64(orders.count))
            #expect(try system.services.map { try $0.running.pid } == pids)
        }

        @Test func `While the broker is away orders are taken, and they become final when it is back`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            try await system.settle()
            try await system.broker.order("/refuse?ms=4000")
            let start = ContinuousClock.now
            let orders = try await concurrently(0..<20) { _ in
                let answer = try await system.place(10, for: customer)
                #expect(answer.status == 201)
                #expect(answer["status"] == "pending")
                return try #require(answer["id"].stringValue)
            }
            #expect(ContinuousClock.now - start < .seconds(3), "orders are taken without the broker")
            for order in orders { #expect(try await system.finalOrder(order)["status"] == "confirmed") }
            print("outage: 20 orders were final \(ContinuousClock.now - start) after the broker had gone for 4 s")
            try await system.settle()
            for service in system.services { try await service.awaitReady() }
            #expect(try await system.balance(of: customer) == 800)
            for order in orders { #expect(try system.mailbox.mails(aboutOrder: order).count == 1) }
        }

        @Test func `Acknowledgements and connections that are lost cost nothing but time`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            try await system.settle()
            var orders: [String] = []
            for fault in ["/drop?api=0&n=3", "/cut", "/drop?api=8&n=3", "/stall?ms=500", "/cut"] {
                try await system.broker.order(fault)
                orders += try await concurrently(0..<4) { _ in try await system.placeOrder(10, for: customer) }
            }
            for order in orders { #expect(try await system.finalOrder(order)["status"] == "confirmed") }
            try await system.broker.order("/heal")
            try await system.settle()
            #expect(try await system.balance(of: customer) == 800)
            #expect(try await system.statement(of: customer).flaws(balance: 800) == [])
            for order in orders { #expect(try system.mailbox.mails(aboutOrder: order).count == 1) }
        }

        private func requests(to name: String, for customer: Customer) -> [HTTPRequest] {
            let account = "/accounts/\(customer.id)"
            return switch name {
            case "order":
                [
                    .post("/orders", ["user_id": .string(customer.id), "price": usd(5)]), .get("/orders"), .get("/users/\(customer.id)"),
                    .post("/orders", ["user_id": .string(customer.id), "price": usd(5)], ["Idempotency-Key": "away"]),
                ]
            case "billing": [.post(account + "/deposits", ["amount": usd(5)]), .get(account), .get(account + "/entries")]
            default: [.post("/messages", ["user_id": .string(customer.id), "subject": "a", "body": "b"]), .get("/messages")]
            }
        }
    }
}
