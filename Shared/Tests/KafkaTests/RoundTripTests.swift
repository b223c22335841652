import Kafka
import ServiceTesting
import Testing

extension BrokerTests {
    @Suite("Round trips")
    struct RoundTripTests {
        private let broker: TestBroker

        init() throws {
            broker = try TestBroker()
        }

        @Test("Keys, values, headers, empty bytes and tombstones arrive as they were sent", .timeLimit(.minutes(1)))
        func everyShape() async throws {
            let topic = broker.name("shapes")
            try await broker.createTopic(topic)
            let headers = [
                KafkaHeader(name: "ce_id", value: "1"), KafkaHeader(name: "ce_id", value: "2"), KafkaHeader(name: "empty", value: []),
            ]
            let sent = [
                KafkaRecord(topic: topic, key: [1, 0, 255], value: Array("välue".utf8), headers: headers),
                KafkaRecord(topic: topic, key: Array("k".utf8), value: nil),
                KafkaRecord(topic: topic, key: nil, value: []),
                KafkaRecord(topic: topic, key: [], value: [0], partition: 0),
            ]
            let reports = try await broker.produce(sent)
            #expect(reports == (0..<4).map { DeliveryReport.success(partition: 0, offset: $0) })
            let received = try await broker.records(in: topic)
            #expect(received.map(\.key) == sent.map(\.key))
            #expect(received.map(\.value) == sent.map(\.value))
            #expect(received.map(\.headers) == sent.map(\.headers))
            #expect(received.allSatisfy { $0.timestampMilliseconds > 1_600_000_000_000 })
        }

        @Test("10,000 records keep their order in each partition and each key stays in one", .timeLimit(.minutes(1)))
        func order() async throws {
            let topic = broker.name("order")
            try await broker.createTopic(topic, partitions: 6)
            let producer = try broker.producer()
            var reports: [DeliveryReport] = []
            for start in stride(from: 0, to: 10_000, by: 500) {
                reports += try await producer.send(numbered(start..<start + 500, topic: topic))
            }
            await producer.close(within: .seconds(5))
            #expect(reports.count == 10_000 && reports.allSatisfy { $0.error == nil })
            let received = try await broker.records(in: topic)
            #expect(received.count == 10_000)
            #expect(Set(received.map(\.number)).count == 10_000)
            for records in Dictionary(grouping: received, by: \.partition).values {
                #expect(zip(records, records.dropFirst()).allSatisfy { $0.number < $1.number && $0.offset < $1.offset })
            }
            for records in Dictionary(grouping: received, by: \.keyText).values {
                #expect(Set(records.map(\.partition)).count == 1)
            }
        }

        @Test("After a warm-up, the first record of a topic does not wait for librdkafka's one-second timer", .timeLimit(.minutes(1)))
        func warmUp() async throws {
            let topics = (0..<3).map { broker.name("warm-\($0)") }
            for topic in topics { try await broker.createTopic(topic) }
            let producer = try broker.producer()
            try await producer.warmUp(topics)
            let start = ContinuousClock.now
            for topic in topics {
                let reports = try await producer.send([KafkaRecord(topic: topic, key: nil, value: [1])])
                #expect(reports.allSatisfy { $0.error == nil })
            }
            // Without it each of the three waits for up to a second.
            #expect(start.duration(to: .now) < .milliseconds(900))
            await producer.close(within: .seconds(5))
        }

        @Test("Reports come in the order of the records, each with its place", .timeLimit(.minutes(1)))
        func reports() async throws {
            let topic = broker.name("reports")
            try await broker.createTopic(topic, partitions: 3)
            let records = (0..<300).map { KafkaRecord(topic: topic, key: nil, value: Array("\($0)".utf8), partition: Int32($0 % 3)) }
            let reports = try await broker.produce(records)
            let expected = (0..<300).map { DeliveryReport.success(partition: Int32($0 % 3), offset: Int64($0 / 3)) }
            #expect(reports == expected)
        }

        @Test(
            "A record that can never be sent ends its send; what was before it is delivered, what was after it is not",
            .timeLimit(.minutes(1))
        )
        func refusedRecord() async throws {
            let topic = broker.name("refused")
            try await broker.createTopic(topic)
            var records = numbered(0..<3, topic: topic)
            records[1].value = [UInt8](repeating: 0, count: 2_000_000)
            let producer = try broker.producer()
            let reports = try await producer.send(records)
            #expect(reports[0] == .success(partition: 0, offset: 0))
            #expect(reports[1].error?.code == .messageTooLarge)
            #expect(reports[2].error?.code == .notAttempted)
            #expect(producer.fatalError == nil)
            #expect(try await producer.send(numbered(3..<4, topic: topic)) == [.success(partition: 0, offset: 1)])
            await producer.close(within: .seconds(5))
        }

        @Test("A purged producer takes nothing more, and a closed one neither", .timeLimit(.minutes(1)))
        func purgeAndClose() async throws {
            let producer = try broker.producer()
            producer.purge()
            let purged = await #expect(throws: KafkaError.self) { try await producer.send(numbered(0..<1, topic: "t")) }
            #expect(purged?.isFatal == true)
            await producer.close(within: .seconds(1))
            await producer.close(within: .seconds(1))
            let closed = await #expect(throws: KafkaError.self) { try await producer.send(numbered(0..<1, topic: "t")) }
            #expect(closed?.code == .closed)
        }

        @Test("A paused partition delivers nothing until it is resumed, and then everything once", .timeLimit(.minutes(1)))
        func pause() async throws {
            let topic = broker.name("pause")
            try await broker.createTopic(topic)
            let consumer = try broker.consumer(of: topic, group: "g")
            #expect(try await consumer.join())
            try await broker.produce(numbered(0..<10, topic: topic))
            let first = try await consumer.take(1, committing: true)
            try consumer.pause(consumer.assignment)
            try await broker.produce(numbered(10..<20, topic: topic))
            let whilePaused = try await consumer.take(1, within: .seconds(1))
            try consumer.resume(consumer.assignment)
            let afterwards = try await consumer.take(20 - first.count - whilePaused.count)
            #expect(whilePaused.allSatisfy { $0.number < 10 })
            #expect((first + whilePaused + afterwards).map(\.number) == Array(0..<20))
            await consumer.close()
        }

        @Test("The lag is what is not handled yet", .timeLimit(.minutes(1)))
        func lag() async throws {
            let topic = broker.name("lag")
            try await broker.createTopic(topic)
            try await broker.produce(numbered(0..<10, topic: topic))
            let consumer = try broker.consumer(of: topic, group: "g")
            let partition = TopicPartition(topic: topic, partition: 0)
            var batch = try await consumer.nextBatch(maximumRecords: 4, within: .seconds(10))
            #expect(consumer.lag() == [partition: 10])
            try await consumer.commit(batch)
            #expect(consumer.lag() == [partition: 10 - Int64(batch.records.count)])
            batch = try await consumer.nextBatch(maximumRecords: 100, within: .seconds(10))
            try await consumer.commit(batch)
            #expect(consumer.lag() == [partition: 0])
            await consumer.close()
            let successor = try broker.consumer(of: topic, group: "g")
            #expect(try await successor.join())
            // The broker tells the end of the partition with the answer to the first fetch, which it holds back while there is nothing new.
            let known: [TopicPartition: Int64] = try await eventually("the end is known") { () async throws in
                #expect(try await successor.nextBatch(maximumRecords: 1, within: .milliseconds(100)).isEmpty)
                return successor.lag().isEmpty ? nil : successor.lag()
            }
            #expect(known == [partition: 0])
            await successor.close()
        }
    }
}
