import JSON
import ServiceTesting
import Testing

extension EndToEnd {
    @Suite struct BadInputTests {
        private let system = Result { try System.shared }

        /// A part of the table; each is checked for traces of its own.
        enum Part: String, CaseIterable {
            case usersBody, ordersBody, depositsBody, withdrawalsBody, messagesBody
            case userFields, orderFields, depositFields, withdrawalFields, messageFields
            case paths, queries, methods, orderProtocol, billingProtocol, notificationProtocol
        }

        @Test(arguments: Part.allCases)
        func `Bad input is refused with the right problem, leaves no trace, and no service minds`(part: Part) async throws {
            let system = try system.get()
            let fixture = try await fixture(in: system)
            let cases = Self.cases(part, fixture)
            try await system.settle()
            let rows = try await system.rowCounts()
            let failures = try await serverErrors(of: system)
            let pids = try system.services.map { try $0.running.pid }

            let problems = try await concurrently(cases, atMost: 4) { try await Self.flaw(in: $0, system) }
            for problem in problems.compactMap(\.self) { Issue.record("\(problem)") }
            print("bad input, \(part): \(cases.count) cases, \(problems.count { $0 != nil }) not refused as they should be")

            try await system.settle()
            #expect(try await system.rowCounts() == rows, "something was stored")
            #expect(try await serverErrors(of: system) == failures, "something was answered 5xx")
            #expect(try system.services.map { try $0.running.pid } == pids)
            for service in system.services { #expect(try await service.send(.get("/readyz")).status == 200) }
        }

        @Test func `The table has at least 150 cases over all routes`() {
            let customer = Customer(id: "", email: "", name: "")
            let fixture = BadInputFixture(
                customer: customer,
                orderID: "a",
                messageID: "a",
                orderCursor: "cursor",
                messageCursor: "cursor",
                entryCursor: "cursor"
            )
            let count = Part.allCases.map { Self.cases($0, fixture).count }.reduce(0, +)
            print("bad input: \(count) cases in all")
            #expect(count >= 150)
        }

        /// What is wrong with the answer to a bad request; `nil` when it was refused as it should be.
        private static func flaw(in request: BadRequest, _ system: System) async throws -> String? {
            let bytes: [UInt8]
            do { bytes = try await system.service(request.service).http.exchange(request.bytes, within: .seconds(30)) } catch {
                return "\(request.name): \(error)"
            }
            guard let answer = HTTPAnswer(parsing: bytes) else { return "\(request.name): no whole answer" }
            let complaints = [
                answer.status == request.status ? nil : "the status is \(answer.status) instead of \(request.status)",
                answer[header: "Content-Type"] == "application/problem+json" ? nil : "the answer is no problem",
                answer["type"] == .string(request.type) ? nil : "the type is \(answer["type"]) instead of \(request.type)",
                answer["status"] == .integer(Int64(answer.status)) ? nil : "the body tells another status",
                answer["title"].stringValue == nil || answer["detail"].stringValue == nil ? "title or detail is missing" : nil,
                answer[header: "X-Request-Id"] == nil ? "there is no X-Request-Id" : nil,
                answer["instance"].stringValue == answer[header: "X-Request-Id"] ? nil : "the instance is not the request id",
                request.type.hasSuffix("/validation") && answer["errors"].arrayValue?.isEmpty != false ? "no error is named" : nil,
                request.status == 405 && answer[header: "Allow"] == nil ? "Allow is missing" : nil,
                answer.headers.contains { $0.name.hasPrefix("x-evil") } ? "a header was injected" : nil,
            ].compactMap(\.self)
            return complaints.isEmpty ? nil : "\(request.name): \(complaints.joined(separator: "; ")): \(answer)"
        }

        private func fixture(in system: System) async throws -> BadInputFixture {
            let customer = try await system.registerWithAccount(holding: 1_000)
            let orders = try await concurrently(0..<2) { _ in try await system.placeOrder(10, for: customer) }
            for order in orders { _ = try await system.sentMessages(aboutOrder: order) }
            let message = try await system.sentMessages(aboutOrder: orders[0])
            func cursor(_ service: ServiceUnderTest, _ path: String) async throws -> String {
                try #require(try await service.send(.get(path))["next_cursor"].stringValue)
            }
            return BadInputFixture(
                customer: customer,
                orderID: orders[0],
                messageID: try #require(message.first?["id"]?.stringValue),
                orderCursor: try await cursor(system.order, "/orders?limit=1&user_id=\(customer.id)"),
                messageCursor: try await cursor(system.notification, "/messages?limit=1&user_id=\(customer.id)"),
                entryCursor: try await cursor(system.billing, "/accounts/\(customer.id)/entries?limit=1")
            )
        }

        private func serverErrors(of system: System) async throws -> [Double] {
            var counts: [Double] = []
            for service in system.services {
                let requests = try await service.metric("http_requests_total")
                counts.append(requests.filter { $0.key.contains("status=\"5") }.values.reduce(0, +))
            }
            return counts
        }

        private static func cases(_ part: Part, _ fixture: BadInputFixture) -> [BadRequest] {
            let user = JSONValue.string(fixture.customer.id)
            let account = "/accounts/\(fixture.customer.id)"
            let users = CommandRoute(service: "order", path: "/users", body: ["email": "bad.input@example.com", "name": "Bad"])
            let orders = CommandRoute(service: "order", path: "/orders", body: ["user_id": user, "price": usd(5)])
            let deposits = CommandRoute(service: "billing", path: account + "/deposits", body: ["amount": usd(5)])
            let withdrawals = CommandRoute(service: "billing", path: account + "/withdrawals", body: ["amount": usd(5)])
            let messages = CommandRoute(
                service: "notification",
                path: "/messages",
                body: ["user_id": user, "subject": "Hi", "body": "Hello"]
            )
            return switch part {
            case .usersBody: BadBodies.cases(of: users)
            case .ordersBody: BadBodies.cases(of: orders)
            case .depositsBody: BadBodies.cases(of: deposits)
            case .withdrawalsBody: BadBodies.cases(of: withdrawals)
            case .messagesBody: BadBodies.cases(of: messages)
            case .userFields: BadFields.users(users, fixture)
            case .orderFields: BadFields.orders(orders)
            case .depositFields: BadFields.amounts(deposits)
            case .withdrawalFields: BadFields.amounts(withdrawals)
            case .messageFields: BadFields.messages(messages)
            case .paths: BadTargets.paths(fixture)
            case .queries: BadTargets.queries(fixture)
            case .methods: BadTargets.methods(fixture)
            case .orderProtocol: BadProtocol.cases("order", path: "/orders")
            case .billingProtocol: BadProtocol.cases("billing", path: account + "/deposits")
            case .notificationProtocol: BadProtocol.cases("notification", path: "/messages")
            }
        }
    }
}
