import EventContracts
import JSON
import ServiceTesting
import Testing

extension EndToEnd {
    @Suite struct IdempotencyTests {
        private let system = Result { try System.shared }

        @Test func `The same key twice has one effect, and the same answer byte for byte`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 10_000)
            let key = ["Idempotency-Key": "order-\(EventID())"]
            let first = try await system.place(1_000, for: customer, key)
            _ = try await system.finalOrder(try #require(first["id"].stringValue))
            let second = try await system.place(1_000, for: customer, key)
            #expect(first.status == 201)
            #expect(first[header: "Idempotency-Replayed"] == nil)
            #expect(second.status == 201)
            #expect(second[header: "Idempotency-Replayed"] == "true")
            #expect(second.body == first.body)
            #expect(second[header: "Location"] == first[header: "Location"])
            #expect(second[header: "Content-Type"] == first[header: "Content-Type"])
            #expect(try await system.items(system.order, "/orders?user_id=\(customer.id)").count == 1)
            #expect(try await system.balance(of: customer) == 9_000)

            let other = try await system.place(1_001, for: customer, key)
            #expect(other.status == 422)
            #expect(other["type"] == "/problems/idempotency-key-reused")
            #expect(try await system.items(system.order, "/orders?user_id=\(customer.id)").count == 1)
        }

        @Test func `Every command heeds the key: users, deposits, withdrawals and messages`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            let commands: [(ServiceUnderTest, HTTPRequest)] = [
                (system.order, .post("/users", ["email": .string("\(UserID())@example.com"), "name": "Twice"])),
                (system.billing, .post("/accounts/\(customer.id)/deposits", ["amount": usd(500)])),
                (system.billing, .post("/accounts/\(customer.id)/withdrawals", ["amount": usd(200)])),
                (system.notification, .post("/messages", ["user_id": .string(customer.id), "subject": "Hello", "body": "Once only."])),
            ]
            for (service, request) in commands {
                let request = request.adding("Idempotency-Key", "key-\(EventID())")
                let first = try await service.send(request)
                let second = try await service.send(request)
                #expect((200...299).contains(first.status), "\(request.target): \(first)")
                #expect(second.status == first.status)
                #expect(second.body == first.body)
                #expect(second[header: "Location"] == first[header: "Location"])
                #expect(second[header: "Idempotency-Replayed"] == "true")
            }
            #expect(try await system.balance(of: customer) == 1_300)
            #expect(try await system.items(system.notification, "/messages?user_id=\(customer.id)&kind=direct").count == 1)
        }

        @Test func `Twenty requests at once with one key have one effect`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 10_000)
            for round in 0..<3 {
                let key = ["Idempotency-Key": "race-\(EventID())"]
                let answers = try await concurrently(0..<20) { _ in try await system.place(100, for: customer, key) }
                let done = answers.filter { $0.status == 201 }
                #expect(done.count { $0[header: "Idempotency-Replayed"] == nil } == 1)
                #expect(Set(done.map(\.body)).count == 1)
                for answer in answers where answer.status != 201 {
                    #expect(answer.status == 409)
                    #expect(answer["type"] == "/problems/idempotency-key-in-use")
                    #expect(answer[header: "Retry-After"] != nil)
                }
                #expect(try await system.items(system.order, "/orders?user_id=\(customer.id)").count == round + 1)
            }
            for item in try await system.items(system.order, "/orders?user_id=\(customer.id)") {
                _ = try await system.finalOrder(try #require(item["id"]?.stringValue))
            }
            #expect(try await system.balance(of: customer) == 9_700)

            let deposit = HTTPRequest.post("/accounts/\(customer.id)/deposits", ["amount": usd(50)]).adding(
                "Idempotency-Key",
                "d-\(EventID())"
            )
            let answers = try await concurrently(0..<20) { _ in try await system.billing.send(deposit) }
            #expect(answers.allSatisfy { $0.status == 201 || $0.status == 409 })
            #expect(try await system.balance(of: customer) == 9_750)
        }

        @Test func `A refused command does not use its key up`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 100)
            let withdrawal = HTTPRequest.post("/accounts/\(customer.id)/withdrawals", ["amount": usd(300)])
                .adding("Idempotency-Key", "w-\(EventID())")
            #expect(try await system.billing.send(withdrawal).status == 409)
            try await system.deposit(200, for: customer)
            let answer = try await system.billing.send(withdrawal)
            #expect(answer.status == 201, "\(answer)")
            #expect(answer[header: "Idempotency-Replayed"] == nil)
            #expect(try await system.balance(of: customer) == 0)
        }
    }
}
