import EventContracts
import JSON
import Kafka
import ServiceTesting
import Testing

extension EndToEnd {
    @Suite struct TraceTests {
        private let system = Result { try System.shared }

        @Test func `A trace leads from the request through every event to the mail, and each event names its cause`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            for (amount, middle, verdict) in [
                (600, PaymentCompleted.type, OrderConfirmed.type), (600, PaymentDeclined.type, OrderRejected.type),
            ] {
                let trace = TraceContext.make()
                let answer = try await system.place(
                    Int64(amount),
                    for: customer,
                    ["traceparent": trace.description, "X-Request-Id": "request-\(trace.spanID)"]
                )
                #expect(answer[header: "X-Request-Id"] == "request-\(trace.spanID)")
                let order = try #require(answer["id"].stringValue)
                _ = try await system.finalOrder(order)
                #expect(try await system.sentMessages(aboutOrder: order).count == 1)
                try await system.settle()

                let topics = system.services.flatMap { EventCatalogue.topics(writtenBy: $0.name) }
                let events = try await system.broker.records(in: topics).compactMap(\.event).filter { $0.metadata.correlation == order }
                #expect(Set(events.map(\.type)) == [OrderPlaced.type, middle, verdict, MessageSent.type])
                #expect(events.count == 4)
                #expect(Set(events.map(\.metadata.trace?.traceID)) == [trace.traceID])
                #expect(Set(events.map(\.metadata.trace?.spanID)).contains(trace.spanID) == false, "each step has a span of its own")

                func event(_ type: EventType) throws -> EventMetadata { try #require(events.first { $0.type == type }).metadata }
                #expect(try event(OrderPlaced.type).causation == "request-\(trace.spanID)")
                #expect(try event(middle).causation == event(OrderPlaced.type).id.description)
                #expect(try event(verdict).causation == event(middle).id.description)
                #expect(try event(MessageSent.type).causation == event(verdict).id.description)
            }
        }

        private struct Content: Hashable {
            let value: [UInt8]?
            let headers: [KafkaHeader]
        }

        @Test func `Every record on every topic keeps its contract`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 1_000)
            _ = try await system.billing.send(.post("/accounts/\(customer.id)/withdrawals", ["amount": usd(100)]))
            for amount: Int64 in [200, 5_000] {
                _ = try await system.sentMessages(aboutOrder: try await system.placeOrder(amount, for: customer))
            }
            try await system.settle()

            let topics = system.services.flatMap { EventCatalogue.topics(writtenBy: $0.name) }
            let records = try await system.broker.records(in: topics)
            var types: [String: Int] = [:]
            var checked: Set<Content> = []
            for record in records {
                // A record that was published once more is the same in every byte and need not be looked at again.
                guard checked.insert(Content(value: record.value, headers: record.headers)).inserted else { continue }
                let place = "\(record.topicPartition) at \(record.offset)"
                guard let event = record.event, let key = event.key else {
                    Issue.record("\(place) is no event")
                    continue
                }
                let encoded = EncodedEvent(
                    id: event.metadata.id,
                    type: event.type,
                    topic: event.topic,
                    key: key,
                    payload: event.payload,
                    headers: event.headers
                )
                #expect(try EventContractCheck.violations(in: encoded) == [], "\(place)")
                types[event.type.rawValue, default: 0] += 1
            }
            print(
                "contract: \(records.count) records, \(checked.count) of them different, of \(types.count) types: \(types.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })"
            )
            let written: [any Event.Type] = [
                UserRegistered.self, OrderPlaced.self, OrderConfirmed.self, OrderRejected.self, AccountOpened.self, MoneyDeposited.self,
                MoneyWithdrawn.self, PaymentCompleted.self, PaymentDeclined.self, MessageSent.self,
            ]
            #expect(Set(types.keys).isSuperset(of: written.map { $0.type.rawValue }))
        }
    }
}
