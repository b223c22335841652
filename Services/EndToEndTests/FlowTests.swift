import JSON
import ServiceTesting
import Testing

extension EndToEnd {
    @Suite struct FlowTests {
        private let system = Result { try System.shared }

        @Test func `A user registers, deposits, and gets a happy mail for what can be paid and a sad one for what cannot`() async throws {
            let system = try system.get()
            let customer = try await system.register(name: "Zoë Happy")
            let account = try await system.account(of: customer)
            #expect(account["balance"] == usd(0))
            #expect(account["status"] == "open")
            #expect(account["user_id"] == .string(customer.id))

            let deposit = try await system.billing.send(.post("/accounts/\(customer.id)/deposits", ["amount": usd(10_000)]))
            #expect(deposit.status == 201)
            #expect(deposit["kind"] == "deposit")
            #expect(deposit["balance_after"] == usd(10_000))

            let happy = try await system.place(7_999, for: customer, ["Prefer": "wait=20"])
            #expect(happy.status == 201)
            #expect(happy["status"] == "confirmed", "\(happy)")
            #expect(happy["reason"] == .null)
            #expect(try await system.balance(of: customer) == 2_001)

            let sad = try await system.place(5_000, for: customer, ["Prefer": "wait=20"])
            #expect(sad.status == 201)
            #expect(sad["status"] == "rejected", "\(sad)")
            #expect(sad["reason"] == "insufficient_funds")
            #expect(try await system.balance(of: customer) == 2_001)

            for (order, kind) in [(happy, "happy"), (sad, "sad")] {
                let id = try #require(order["id"].stringValue)
                let messages = try await system.sentMessages(aboutOrder: id)
                let message = try #require(messages.first)
                #expect(messages.count == 1)
                #expect(message["kind"] == .string(kind))
                #expect(message["to"] == .string(customer.email))
                #expect(message["user_id"] == .string(customer.id))
                #expect(message["attempts"] == 1)
                let mails = try system.mailbox.mails(aboutOrder: id)
                let mail = try #require(mails.first)
                #expect(mails.count == 1)
                #expect(mail.messageID.hasPrefix("<\(message["id"]?.stringValue ?? "?")@"))
                #expect(mail["Subject"] == message["subject"]?.stringValue)
                #expect(mail["To"]?.contains("<\(customer.email)>") == true)
            }

            let statement = try await system.statement(of: customer)
            #expect(statement.entries.map(\.kind) == ["opened", "deposit", "payment", "payment_declined"])
            #expect(statement.entries.map(\.balanceAfter) == [0, 10_000, 2_001, 2_001])
            #expect(statement.flaws(balance: 2_001) == [])
        }

        @Test func `A balance can be spent to exactly zero, by an order and by a withdrawal, and not beyond`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 12_345)
            let first = try await system.finalOrder(try await system.placeOrder(12_345, for: customer))
            #expect(first["status"] == "confirmed")
            #expect(try await system.balance(of: customer) == 0)
            let second = try await system.finalOrder(try await system.placeOrder(1, for: customer))
            #expect(second["status"] == "rejected")

            try await system.deposit(777, for: customer)
            let path = "/accounts/\(customer.id)/withdrawals"
            let tooMuch = try await system.billing.send(.post(path, ["amount": usd(778)]))
            #expect(tooMuch.status == 409)
            #expect(tooMuch["type"] == "/problems/insufficient-funds")
            let all = try await system.billing.send(.post(path, ["amount": usd(777)]))
            #expect(all.status == 201)
            #expect(all["balance_after"] == usd(0))
            #expect(try await system.balance(of: customer) == 0)
            #expect(try await system.billing.send(.post(path, ["amount": usd(1)])).status == 409)
            #expect(try await system.statement(of: customer).flaws(balance: 0) == [])
        }

        @Test func `Of ten orders at once on a balance for four, four are confirmed and six rejected, and each has one mail`() async throws
        {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 4_000)
            let ids = try await concurrently(0..<10) { _ in try await system.placeOrder(1_000, for: customer) }
            let orders = try await concurrently(ids) { try await system.finalOrder($0) }
            #expect(orders.count { $0["status"] == "confirmed" } == 4)
            #expect(orders.count { $0["status"] == "rejected" } == 6)
            #expect(try await system.balance(of: customer) == 0)

            for order in orders {
                let id = try #require(order["id"]?.stringValue)
                let messages = try await system.sentMessages(aboutOrder: id)
                #expect(messages.map { $0["kind"] } == [order["status"] == "confirmed" ? "happy" : "sad"])
                #expect(try system.mailbox.mails(aboutOrder: id).count == 1)
            }
            let mails = try system.mailbox.mails().filter { $0["To"]?.contains(customer.email) == true && $0["X-Order-Id"] != nil }
            #expect(mails.count == 10)

            let statement = try await system.statement(of: customer)
            #expect(statement.flaws(balance: 0) == [])
            #expect(statement.orders("payment").count == 4)
            #expect(statement.orders("payment_declined").count == 6)
            #expect(statement.orders("payment").union(statement.orders("payment_declined")) == Set(ids))
        }

        @Test func `Orders placed at once after the registration are not lost, though the account is not there yet`() async throws {
            let system = try system.get()
            let placed = try await concurrently(0..<50, atMost: 25) { number in
                let customer = try await system.register(name: "Hasty \(number)")
                return (customer, try await system.placeOrder(500, for: customer))
            }
            let orders = try await concurrently(placed) { try await system.finalOrder($0.1) }
            #expect(orders.count { $0["status"] == "rejected" && $0["reason"] == "insufficient_funds" } == 50)
            for (customer, id) in placed {
                #expect(try await system.sentMessages(aboutOrder: id).map { $0["kind"] } == ["sad"])
                #expect(try system.mailbox.mails(aboutOrder: id).count == 1)
                #expect(try await system.statement(of: customer).entries.map(\.kind) == ["opened", "payment_declined"])
            }
            for (customer, _) in placed {
                try await eventually(within: .seconds(30), "the welcome mail of \(customer.id)") {
                    let kinds = try await system.items(system.notification, "/messages?user_id=\(customer.id)").map {
                        $0["kind"]?.stringValue ?? ""
                    }
                    return kinds.sorted() == ["sad", "welcome"]
                }
            }
        }
    }
}
