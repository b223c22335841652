import Foundation
package import Kafka
package import Logging

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A corner of a real broker that belongs to one test: its topics and groups have names that nobody else uses.
///
/// The broker is found through the environment: `TEST_KAFKA_BOOTSTRAP_SERVERS` (`host:port`), and `TEST_BROKER_GATE`
/// (`http://host:port`) when the broker stands behind the gate of `deploy/local/broker_gate.py`, which can cut connections.
package struct TestBroker: Sendable {
    /// Where the broker is; `nil` when there is none to test with. Use it in `.enabled(if:)`.
    package static var bootstrapServers: String? { environment("TEST_KAFKA_BOOTSTRAP_SERVERS") }
    /// Whether tests that need a broker can run.
    package static var isAvailable: Bool { bootstrapServers != nil }
    /// Whether tests that need faults can run.
    package static var hasGate: Bool { isAvailable && environment("TEST_BROKER_GATE") != nil }

    /// Begins every name of this test.
    package let prefix: String
    /// Reaches the broker, with timeouts that are short enough for tests.
    package let configuration: KafkaConfiguration
    /// Where client logs go.
    package let logger: Logger

    /// A new corner.
    ///
    /// - Throws: `Missing` without a broker.
    package init() throws {
        guard let servers = Self.bootstrapServers else { throw Missing(variable: "TEST_KAFKA_BOOTSTRAP_SERVERS") }
        prefix = "test-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        var configuration = KafkaConfiguration(bootstrapServers: servers)
        configuration.sessionTimeout = .seconds(6)
        configuration.heartbeatInterval = .seconds(1)
        // The local broker answers with more than was asked for.
        configuration.extra["receive.message.max.bytes"] = "1000000000"
        self.configuration = configuration
        var logger = Logger(label: "test.kafka")
        logger.logLevel = Self.environment("TEST_LOG_LEVEL").flatMap(Logger.Level.init(rawValue:)) ?? .critical
        self.logger = logger
    }

    /// A name for a topic or a group that only this test uses.
    package func name(_ name: String) -> String { "\(prefix).\(name)" }

    /// Creates a topic, named as it is, and returns when the cluster shows it.
    package func createTopic(_ topic: String, partitions: Int32 = 1) async throws {
        try await createTopics([topic], partitions: partitions)
    }

    /// Creates topics, named as they are, and returns when the cluster shows them.
    package func createTopics(_ topics: [String], partitions: Int32 = 1) async throws {
        try await admin().ensureTopics(topics.map { TopicSpecification(name: $0, partitions: partitions, replicationFactor: 1) })
    }

    /// A client for questions and orders.
    package func admin() throws -> KafkaAdmin {
        try KafkaAdmin(configuration: configuration, logger: logger)
    }

    /// Appends raw records, in order, through a producer of their own; returns where each of them is.
    @discardableResult
    package func produce(_ records: [KafkaRecord]) async throws -> [DeliveryReport] {
        let producer = try KafkaProducer(configuration: configuration, logger: logger)
        let reports = try await producer.send(records)
        await producer.close(within: .seconds(5))
        if let error = reports.lazy.compactMap(\.error).first { throw error }
        return reports
    }

    /// Everything that is in a topic now, each partition in order, through a consumer group of its own.
    ///
    /// - Throws: `KafkaError` with `timedOut` when not all of it could be read in the time.
    package func records(in topic: String, within limit: Duration = .seconds(30)) async throws -> [ConsumedRecord] {
        let deadline = ContinuousClock.now + limit
        let admin = try admin()
        let ends = try await admin.endOffsets(admin.partitions(of: topic))
        var missing = ends.filter { $0.value > 0 }
        let group = name("reader-\(UInt32.random(in: 0...UInt32.max))")
        let consumer = try KafkaConsumer(configuration: configuration, group: group, topics: [topic], logger: logger)
        var records: [ConsumedRecord] = []
        while !missing.isEmpty {
            guard ContinuousClock.now < deadline else {
                await consumer.close()
                throw KafkaError(.timedOut, detail: "\(records.count) records of \(topic) were read")
            }
            let batch = try await consumer.nextBatch(maximumRecords: 10_000, within: .milliseconds(500))
            for record in batch.records {
                records.append(record)
                if let end = missing[record.topicPartition], record.offset + 1 >= end { missing[record.topicPartition] = nil }
            }
            try await consumer.commit(batch)
        }
        await consumer.close()
        return records.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    /// Makes a group without members read these topics from their beginning.
    package func resetGroup(_ group: String, topics: [String]) async throws {
        try await admin().resetGroup(group, topics: topics)
    }

    /// Orders faults.
    ///
    /// - Throws: `Missing` without a gate.
    package func gate() throws -> BrokerGate {
        guard let url = Self.environment("TEST_BROKER_GATE").flatMap(URL.init(string:)) else { throw Missing(variable: "TEST_BROKER_GATE") }
        return BrokerGate(url: url)
    }

    /// An environment variable that the test needs is not set.
    package struct Missing: Error, CustomStringConvertible {
        package let variable: String
        package var description: String { "\(variable) is not set" }
    }

    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The fault injection of the gate before the local broker. Faults hit every client of the broker: tests that use it run serialized.
package struct BrokerGate: Sendable {
    fileprivate let url: URL

    /// Aborts every open connection.
    package func cut() async throws { try await order("cut") }

    /// Aborts every open connection and refuses new ones for a time.
    package func refuse(for duration: Duration) async throws { try await order("refuse", ["ms": duration.milliseconds]) }

    /// Holds back all bytes, both ways, for a time.
    package func stall(for duration: Duration) async throws { try await order("stall", ["ms": duration.milliseconds]) }

    /// Delays every frame from now on; zero ends it.
    package func delay(by duration: Duration) async throws { try await order("delay", ["ms": duration.milliseconds]) }

    /// Swallows the next answers to requests of an API (0 is Produce, 8 OffsetCommit) and cuts their connections: acknowledgements lost.
    package func dropAnswers(api: Int, count: Int) async throws { try await order("drop", ["api": api, "n": count]) }

    /// Ends every fault.
    package func heal() async throws { try await order("heal") }

    private func order(_ path: String, _ query: [String: Int] = [:]) async throws {
        let items = query.map { URLQueryItem(name: $0.key, value: "\($0.value)") }
        let (_, response) = try await URLSession.shared.data(from: url.appending(path: path).appending(queryItems: items))
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw URLError(.badServerResponse) }
    }
}

extension Duration {
    fileprivate var milliseconds: Int { Int(self / .milliseconds(1)) }
}
