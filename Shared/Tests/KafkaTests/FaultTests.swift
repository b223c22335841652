import Kafka
import ServiceTesting
import Testing

extension BrokerTests {
    @Suite("When the network fails", .enabled(if: TestBroker.hasGate))
    struct FaultTests {
        private let broker: TestBroker
        private let gate: BrokerGate
        private let topic: String

        init() throws {
            broker = try TestBroker()
            gate = try broker.gate()
            topic = broker.name("topic")
        }

        @Test("Connections cut in the middle of producing: everything arrives once, in order, without a hole", .timeLimit(.minutes(2)))
        func cutWhileProducing() async throws {
            try await broker.createTopic(topic, partitions: 3)
            let producer = try broker.producer()
            let sends = 40
            for send in 0..<sends {
                async let reports = producer.send(numbered(send * 100..<(send + 1) * 100, topic: topic))
                if send % 8 == 3 { try await gate.cut() }
                if send == 21 { try await gate.refuse(for: .milliseconds(700)) }
                let failures = try await reports.compactMap(\.error)
                #expect(failures.isEmpty)
            }
            #expect(producer.fatalError == nil)
            await producer.close(within: .seconds(10))
            try await expectAll(sends * 100)
        }

        @Test("Acknowledgements lost: the broker drops the repeats, and the reports are right", .timeLimit(.minutes(2)))
        func lostAcknowledgements() async throws {
            try await broker.createTopic(topic, partitions: 1)
            let producer = try broker.producer()
            _ = try await producer.send(numbered(0..<10, topic: topic))
            try await gate.dropAnswers(api: 0, count: 2)
            let reports = try await producer.send(numbered(10..<200, topic: topic))
            #expect(reports.allSatisfy { $0.error == nil })
            await producer.close(within: .seconds(10))
            try await expectAll(200)
        }

        @Test("Connections cut while consuming: nothing is lost, and each partition keeps its order", .timeLimit(.minutes(2)))
        func cutWhileConsuming() async throws {
            try await broker.createTopic(topic, partitions: 3)
            let consumer = try broker.consumer(of: topic, group: "g")
            #expect(try await consumer.join())
            var records: [ConsumedRecord] = []
            for round in 0..<5 {
                try await broker.produce(numbered(round * 100..<(round + 1) * 100, topic: topic))
                records += try await consumer.take(40)
                try await gate.cut()
            }
            records += try await consumer.take(500 - records.count)
            #expect(Set(records.map(\.number)) == Set(0..<500))
            for records in Dictionary(grouping: records, by: \.partition).values {
                #expect(zip(records, records.dropFirst()).allSatisfy { $0.offset < $1.offset })
            }
            await consumer.close()
        }

        @Test("A commit that failed is sent again when the broker is back", .timeLimit(.minutes(1)))
        func commitAfterOutage() async throws {
            try await broker.createTopic(topic)
            try await broker.produce(numbered(0..<5, topic: topic))
            let consumer = try broker.consumer(of: topic, group: "g")
            let batch = try await consumer.nextBatch(maximumRecords: 5, within: .seconds(10))
            #expect(batch.records.count == 5)
            try await gate.refuse(for: .milliseconds(800))
            try await consumer.commit(batch)
            _ = try await consumer.take(1, within: .seconds(4))
            await consumer.close()
            let successor = try broker.consumer(of: topic, group: "g")
            #expect(try await successor.join())
            #expect(try await successor.take(1, within: .seconds(2)).isEmpty)
            await successor.close()
        }

        @Test("A stalled broker is waited for", .timeLimit(.minutes(1)))
        func stall() async throws {
            try await broker.createTopic(topic)
            let producer = try broker.producer()
            _ = try await producer.send(numbered(0..<1, topic: topic))
            try await gate.stall(for: .seconds(1))
            let clock = ContinuousClock.now
            let reports = try await producer.send(numbered(1..<2, topic: topic))
            #expect(reports == [.success(partition: 0, offset: 1)])
            #expect(ContinuousClock.now - clock > .milliseconds(500))
            await producer.close(within: .seconds(5))
        }

        private func expectAll(_ count: Int) async throws {
            let received = try await broker.records(in: topic)
            #expect(received.count == count)
            #expect(Set(received.map(\.number)) == Set(0..<count))
            for records in Dictionary(grouping: received, by: \.partition).values {
                #expect(zip(records, records.dropFirst()).allSatisfy { $0.number < $1.number })
            }
        }
    }
}
