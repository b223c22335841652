import Kafka
import Logging
import ServiceTesting
import Testing

extension BrokerTests {
    @Suite("Topics, offsets and groups")
    struct AdminTests {
        private let broker: TestBroker
        private let admin: KafkaAdmin

        init() throws {
            broker = try TestBroker()
            admin = try broker.admin()
        }

        @Test("Ensuring topics twice is the same as once", .timeLimit(.minutes(1)))
        func ensureTwice() async throws {
            let topics = (1...3).map { TopicSpecification(name: broker.name("t\($0)"), partitions: Int32($0), replicationFactor: 1) }
            try await admin.ensureTopics(topics)
            try await admin.ensureTopics(topics)
            let shown = try await admin.metadata().topics
            for topic in topics { #expect(shown[topic.name] == Int(topic.partitions)) }
            #expect(try await admin.partitions(of: topics[2].name).map(\.partition) == [0, 1, 2])
        }

        @Test("Ensuring topics from many sides at once is no error", .timeLimit(.minutes(1)))
        func ensureConcurrently() async throws {
            let topic = TopicSpecification(name: broker.name("contested"), partitions: 2, replicationFactor: 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    let admin = try broker.admin()
                    group.addTask { try await admin.ensureTopics([topic]) }
                }
                try await group.waitForAll()
            }
            #expect(try await admin.metadata().topics[topic.name] == 2)
        }

        @Test("The cluster has an identity and is reachable")
        func identity() async throws {
            #expect(await admin.isReachable(within: .seconds(5)))
            let first = try await admin.clusterID()
            #expect(first?.isEmpty == false)
            #expect(try await admin.clusterID() == first)
        }

        @Test("End offsets count the records", .timeLimit(.minutes(1)))
        func endOffsets() async throws {
            let topic = broker.name("ends")
            try await broker.createTopic(topic, partitions: 2)
            try await broker.produce((0..<5).map { KafkaRecord(topic: topic, key: nil, value: [$0], partition: $0 < 2 ? 0 : 1) })
            let partitions = try await admin.partitions(of: topic)
            #expect(try await admin.endOffsets(partitions) == [partitions[0]: 2, partitions[1]: 3])
            #expect(try await admin.beginningOffsets(partitions) == [partitions[0]: 0, partitions[1]: 0])
        }

        @Test("An unknown topic is a typed error")
        func unknownTopic() async throws {
            let error = await #expect(throws: KafkaError.self) { try await admin.partitions(of: broker.name("absent")) }
            #expect(error?.code == .unknownTopic)
        }

        @Test("A group that is reset reads everything again", .timeLimit(.minutes(1)))
        func reset() async throws {
            let topic = broker.name("reset")
            try await broker.createTopic(topic, partitions: 2)
            try await broker.produce(numbered(0..<20, topic: topic))
            for _ in 0..<2 {
                let consumer = try broker.consumer(of: topic, group: "g")
                #expect(try await consumer.take(20).count == 20)
                await consumer.close()
                try await broker.resetGroup(broker.name("g"), topics: [topic])
            }
            try await admin.deleteGroup(broker.name("g"))
            try await admin.deleteGroup(broker.name("g"))
        }

        @Test("A deleted topic is gone, and deleting it again is no error", .timeLimit(.minutes(1)))
        func delete() async throws {
            let topic = broker.name("deleted")
            try await broker.createTopic(topic)
            try await admin.deleteTopics([topic])
            try await admin.deleteTopics([topic])
            #expect(try await admin.metadata().topics[topic] == nil)
        }
    }
}

@Suite("Without a broker")
struct NoBrokerTests {
    /// Port 1 of this machine: nobody listens there.
    private let nobody = KafkaConfiguration(bootstrapServers: "127.0.0.1:1")
    private var logger: Logger {
        var logger = Logger(label: "test.kafka")
        logger.logLevel = .critical
        return logger
    }

    @Test("Every question ends in its time with an error that says that nobody is there", .timeLimit(.minutes(1)))
    func unavailable() async throws {
        let admin = try KafkaAdmin(configuration: nobody, logger: logger)
        let clock = ContinuousClock.now
        #expect(await admin.isReachable(within: .milliseconds(300)) == false)
        let topics = await #expect(throws: KafkaError.self) {
            try await admin.ensureTopics([TopicSpecification(name: "t", partitions: 1)], within: .milliseconds(300))
        }
        #expect(topics?.isUnavailable == true)
        let identity = await #expect(throws: KafkaError.self) { try await admin.clusterID(within: .milliseconds(300)) }
        #expect(identity?.isUnavailable == true)
        #expect(ContinuousClock.now - clock < .seconds(3))
    }

    @Test("A send waits until it is cancelled, and closing purges what is left", .timeLimit(.minutes(1)))
    func cancelSend() async throws {
        let producer = try KafkaProducer(configuration: nobody, logger: logger)
        let sending = Task { try await producer.send(numbered(0..<10, topic: "t")) }
        try await eventually { await !producer.flush(within: .milliseconds(100)) }
        sending.cancel()
        await #expect(throws: CancellationError.self) { try await sending.value }
        let clock = ContinuousClock.now
        await producer.close(within: .milliseconds(200))
        #expect(ContinuousClock.now - clock < .seconds(2))
    }

    @Test("A purge ends the sends that wait, fatally", .timeLimit(.minutes(1)))
    func purge() async throws {
        let producer = try KafkaProducer(configuration: nobody, logger: logger)
        let sending = Task { try await producer.send(numbered(0..<10, topic: "t")) }
        try await eventually { await !producer.flush(within: .milliseconds(100)) }
        producer.purge()
        let reports = try await sending.value
        #expect(reports.count == 10 && reports.allSatisfy { $0.error?.isFatal == true })
        #expect(producer.fatalError?.isFatal == true)
        await producer.close(within: .seconds(1))
    }

    @Test("A consumer waits in vain, and closes all the same", .timeLimit(.minutes(1)))
    func consumer() async throws {
        let consumer = try KafkaConsumer(configuration: nobody, group: "g", topics: ["t"], logger: logger)
        let clock = ContinuousClock.now
        #expect(try await consumer.nextBatch(maximumRecords: 1, within: .milliseconds(300)).isEmpty)
        #expect(!consumer.isAssigned)
        await consumer.close(within: .seconds(2))
        #expect(ContinuousClock.now - clock < .seconds(4))
    }
}
