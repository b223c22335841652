import EventContracts
import JSON
import ServiceTesting
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension EndToEnd {
    @Suite struct StopTests {
        private let system = Result { try System.shared }

        /// What SHUTDOWN_TIMEOUT_SECONDS is by default.
        private static let bound = Duration.seconds(20)

        @Test func `Requests that wait when the order service is told to end are answered first`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            let id = try await system.billing.whileFrozen {
                let id = try await system.placeOrder(100, for: customer)
                async let waiting = concurrently(0..<10) { _ in
                    try await system.order.send(.get("/orders/\(id)", ["Prefer": "wait=4"]), within: .seconds(15))
                }
                try await eventually(within: .seconds(3), "the requests are under way") {
                    try await system.order.metric("http_requests_in_flight").values.reduce(0, +) >= 10
                }
                let start = ContinuousClock.now
                try system.order.running.signal(SIGTERM)
                let answers = try await waiting
                #expect(answers.map(\.status) == Array(repeating: 200, count: 10))
                #expect(answers.allSatisfy { $0["id"] == .string(id) })
                #expect(try await system.order.running.ended() == .exited(0))
                #expect(ContinuousClock.now - start < Self.bound)
                return id
            }
            try await system.order.start()
            #expect(try await system.finalOrder(id)["status"] == "confirmed")
        }

        @Test(arguments: ["order", "billing", "notification"])
        func `A service that is told to end under load answers what it has taken, loses nothing, and exits with 0`(name: String)
            async throws
        {
            let system = try system.get()
            let service = try system.service(name)
            let customer = try await system.registerWithAccount(holding: 1_000_000)
            _ = try await system.sentMessages(aboutOrder: try await system.placeOrder(1, for: customer))
            let stopped = Flag()
            let answered = Counter()
            async let load = concurrently(0..<8) { _ in
                var results = Results()
                while !stopped.isSet {
                    let key = "\(EventID())"
                    do {
                        let request = Self.command(name, customer).adding("Idempotency-Key", key)
                        results.answered[key] = try await service.send(request, within: .seconds(10))
                        answered.increment()
                    } catch let failure as SocketFailure {
                        // Nobody listens any more, or nobody took the connection while somebody did.
                        if failure.step != .connect { results.unanswered.append(key) }
                    }
                }
                return results
            }
            try await eventually(within: .seconds(20), "the load is on") { answered.value > 50 }
            let start = ContinuousClock.now
            let outcome = try await service.stop()
            let elapsed = ContinuousClock.now - start
            stopped.set()
            let results = try await load
            #expect(outcome == .exited(0))
            #expect(elapsed < Self.bound)
            try await service.start()

            let done = results.flatMap(\.answered)
            let unanswered = results.flatMap(\.unanswered)
            print("stop: \(name) ended \(outcome) after \(elapsed); \(done.count) requests answered, \(unanswered.count) not taken")
            // Every answer was the truth: its repeat gets the same one.
            #expect(done.allSatisfy { (200...299).contains($0.value.status) || $0.value.status == 503 })
            _ = try await concurrently(done.filter { $0.value.status != 503 }) { key, answer in
                let again = try await service.send(Self.command(name, customer).adding("Idempotency-Key", key))
                #expect(again[header: "Idempotency-Replayed"] == "true")
                #expect(again.body == answer.body)
            }
            // What had no answer had no effect: it was never taken.
            _ = try await concurrently(unanswered) { key in
                let again = try await service.send(Self.command(name, customer).adding("Idempotency-Key", key))
                #expect((200...299).contains(again.status))
                #expect(again[header: "Idempotency-Replayed"] == nil, "a request was done and not answered")
            }
            try await system.settle()
        }

        private struct Results: Sendable {
            var answered: [String: HTTPAnswer] = [:]
            var unanswered: [String] = []
        }

        private static func command(_ name: String, _ customer: Customer) -> HTTPRequest {
            switch name {
            case "order": .post("/orders", ["user_id": .string(customer.id), "price": usd(1)])
            case "billing": .post("/accounts/\(customer.id)/deposits", ["amount": usd(1)])
            default: .post("/messages", ["user_id": .string(customer.id), "subject": "Load", "body": "One of many."])
            }
        }
    }
}

/// A switch that several tasks look at.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}
