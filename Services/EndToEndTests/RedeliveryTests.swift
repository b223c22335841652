import EventContracts
import JSON
import Kafka
import Postgres
import ServiceTesting
import Testing

extension EndToEnd {
    @Suite struct RedeliveryTests {
        private let system = Result { try System.shared }

        @Test func `Consumer groups that begin anew change nothing`() async throws {
            let system = try system.get()
            let order = try await someOrder(in: system)
            try await system.settle()
            let before = try await Picture(of: system)
            for service in system.services { #expect(try await service.stop() == .exited(0)) }
            for service in system.services { try await system.broker.reset(service.name, topics: service.topics) }
            for service in system.services { try service.launch() }
            for service in system.services { try await service.awaitReady() }
            for service in system.services {
                let expected = try await system.broker.count(service.topics)
                try await eventually(within: .seconds(60), "\(service.name) has had all \(expected) records again") {
                    try await service.consumedRecords() >= expected
                }
                print("redelivery: \(service.name) has had \(expected) records again")
            }
            try await system.settle()
            #expect(try await Picture(of: system).differences(from: before) == [])
            #expect(try system.mailbox.mails(aboutOrder: order).count == 1)
        }

        @Test func `Every record published once more, byte for byte, changes nothing`() async throws {
            let system = try system.get()
            let order = try await someOrder(in: system)
            try await system.settle()
            let before = try await Picture(of: system)
            let topics = system.services.flatMap { EventCatalogue.topics(writtenBy: $0.name) }
            let records = try await system.broker.records(in: topics)
            try await republish(records, in: system)
            print("redelivery: \(records.count) records were published once more")
            try await system.settle()
            #expect(try await Picture(of: system).differences(from: before) == [])
            #expect(try system.mailbox.mails(aboutOrder: order).count == 1)
        }

        @Test func `The same fact under a new event id is not acted on twice`() async throws {
            let system = try system.get()
            let order = try await someOrder(in: system)
            try await system.settle()
            let before = try await Picture(of: system, withInbox: false)
            for topic in [OrderPlaced.topic, PaymentCompleted.topic, OrderConfirmed.topic] {
                let original = try await system.broker.records(in: [topic]).filter { $0.event?.metadata.correlation == order }
                let record = try #require(original.first)
                var copy = record
                copy.headers = record.headers.map { header in
                    header.name == EventHeaderName.id ? KafkaHeader(name: header.name, value: "\(EventID())") : header
                }
                try await republish([copy], in: system)
            }
            try await system.settle()
            #expect(try await Picture(of: system, withInbox: false).differences(from: before) == [])
            #expect(try system.mailbox.mails(aboutOrder: order).count == 1)
        }

        /// A confirmed order whose mail was sent.
        private func someOrder(in system: System) async throws -> String {
            let customer = try await system.registerWithAccount(holding: 1_000)
            let order = try await system.placeOrder(400, for: customer)
            #expect(try await system.finalOrder(order)["status"] == "confirmed")
            _ = try await system.sentMessages(aboutOrder: order)
            return order
        }

        /// Appends the records to the partitions that they are from, and returns when every service has dealt with them.
        private func republish(_ records: [ConsumedRecord], in system: System) async throws {
            var expected: [Int64] = []
            for service in system.services {
                let count = records.count { service.topics.map(\.rawValue).contains($0.topic) }
                expected.append(try await service.consumedRecords() + Int64(count))
            }
            let copies = records.map {
                KafkaRecord(topic: $0.topic, key: $0.key, value: $0.value, headers: $0.headers, partition: $0.partition)
            }
            for start in stride(from: 0, to: copies.count, by: 1_000) {
                try await system.broker.produce(Array(copies[start..<min(start + 1_000, copies.count)]))
            }
            for (service, expected) in zip(system.services, expected) {
                try await eventually(within: .seconds(60), "\(service.name) has had the copies") {
                    try await service.consumedRecords() >= expected
                }
            }
        }
    }
}

/// Everything that the services have stored, table by table, and what was mailed.
private struct Picture: Equatable {
    private var contents: [String: String] = [:]

    /// - Parameter withInbox: Whether what was handled counts too, beside what came of it.
    init(of system: System, withInbox: Bool = true) async throws {
        for service in system.services {
            for table in try await service.database.rowCounts().keys.sorted() {
                // The relay's row says who leads and when.
                if table == "messaging.relay" || (!withInbox && table.hasPrefix("messaging.inbox")) { continue }
                let rows = try await service.database.pool.query(
                    SQL(
                        unescaped:
                            "SELECT count(*)::text || ' rows, ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM ONLY \(table) t"
                    )
                )
                contents["\(service.name) \(table)"] = try rows.decode(String.self)[0]
            }
        }
        contents["mails"] = "\(try system.mailbox.mails().map(\.messageID).sorted())"
    }

    /// The tables that are not as they were.
    func differences(from other: Picture) -> [String] {
        Set(contents.keys).union(other.contents.keys).sorted().filter { contents[$0] != other.contents[$0] }
            .map { "\($0): \((other.contents[$0] ?? "-").prefix(60)) became \((contents[$0] ?? "-").prefix(60))" }
    }
}

extension ConsumedRecord {
    /// The record as an event; `nil` when it is none.
    var event: ReceivedEvent? {
        try? ReceivedEvent(
            topic: topic,
            key: key,
            value: value,
            headers: headers.map { EventHeader(name: $0.name, value: String(decoding: $0.value, as: UTF8.self)) }
        )
    }
}
