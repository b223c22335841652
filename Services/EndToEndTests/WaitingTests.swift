import Foundation
import JSON
import ServiceTesting
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct WaitingTests {
        private let system = Result { try System.shared }

        @Test func `Prefer: wait returns the final order, from POST and from GET`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            let placed = try await system.place(100, for: customer, ["Prefer": "wait=20"])
            #expect(placed.status == 201)
            #expect(placed["status"] == "confirmed")
            #expect(placed["version"] == 2)
            #expect(placed[header: "Preference-Applied"] == "wait=20")
            #expect(placed[header: "Location"] == "/orders/\(placed["id"].stringValue ?? "")")

            let pending = try await system.place(100, for: customer)
            #expect(pending["status"] == "pending")
            #expect(pending[header: "Preference-Applied"] == nil)
            let id = try #require(pending["id"].stringValue)
            let waited = try await system.order.send(.get("/orders/\(id)", ["Prefer": "respond-async, wait=20"]))
            #expect(waited.status == 200)
            #expect(waited["status"] == "confirmed")
            #expect(waited[header: "Preference-Applied"] == "wait=20")
            // Beyond the maximum the service says what it has applied.
            #expect(try await system.order.send(.get("/orders/\(id)", ["Prefer": "wait=3600"]))[header: "Preference-Applied"] == "wait=30")
        }

        @Test func `Prefer: wait ends after its time when nothing has been decided`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            let (answer, elapsed) = try await system.billing.whileFrozen {
                let start = ContinuousClock.now
                return (try await system.place(100, for: customer, ["Prefer": "wait=1"]), ContinuousClock.now - start)
            }
            #expect(answer.status == 201)
            #expect(answer["status"] == "pending")
            #expect(answer[header: "Preference-Applied"] == "wait=1")
            #expect(elapsed >= .seconds(1) && elapsed < .seconds(3), "it took \(elapsed)")
            #expect(try await system.finalOrder(try #require(answer["id"].stringValue))["status"] == "confirmed")
        }

        @Test func `An order's event stream tells pending and then the final state, and ends`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            let isThawed = Mutex(false)
            let (id, bytes) = try await system.billing.whileFrozen {
                let id = try await system.placeOrder(100, for: customer)
                let request = HTTPRequest.get("/orders/\(id)", ["Accept": "text/event-stream"])
                let bytes = try await system.order.http.exchange(request.bytes, within: .seconds(20)) { soFar in
                    // Once the first state has come, let the decision be made.
                    guard soFar.firstRange(of: Array("data: ".utf8)) != nil else { return }
                    let isFirst = isThawed.withLock { thawed in
                        defer { thawed = true }
                        return !thawed
                    }
                    if isFirst { try? system.billing.thaw() }
                }
                return (id, bytes)
            }
            let stream = try #require(HTTPAnswer(parsing: bytes))
            #expect(stream.status == 200)
            #expect(stream[header: "Content-Type"] == "text/event-stream")
            let events = stream.text.components(separatedBy: "\n\n").filter { $0.contains("data: ") }
            let orders = try events.map { event in
                let line = try #require(event.split(separator: "\n").first { $0.hasPrefix("data: ") })
                return try JSONValue(parsing: line.dropFirst("data: ".count).utf8)
            }
            #expect(orders.map { $0["status"] } == ["pending", "confirmed"])
            #expect(orders.map { $0["version"] } == [1, 2])
            #expect(orders.allSatisfy { $0["id"] == .string(id) })
            #expect(events.allSatisfy { $0.hasPrefix("event: status\n") })
        }

        @Test func `The event stream of a final order tells that state and ends`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 0)
            let id = try await system.placeOrder(100, for: customer)
            _ = try await system.finalOrder(id)
            let stream = try await system.order.send(.get("/orders/\(id)", ["Accept": "text/event-stream"]), within: .seconds(5))
            #expect(stream.text.contains("id: 2\ndata: {\"id\":\"\(id)\""))
            #expect(stream.text.components(separatedBy: "data: ").count == 2)
        }
    }
}
