import EventContracts
import Foundation
import Kafka
import Logging
import ServiceTesting

/// A broker of this world's own, because the services' topics and groups have fixed names, and faults hit all clients of a broker.
final class LocalBroker: Sendable {
    let bootstrapServers: String
    private let process: ProcessHandle
    private let control: HTTPClient
    private let configuration: KafkaConfiguration
    private let logger = Logger(label: "test.kafka") { _ in SwiftLogNoOpLogHandler() }

    /// Starts it and returns when it answers.
    init(in folder: URL, port: Int, controlPort: Int) async throws {
        bootstrapServers = "127.0.0.1:\(port)"
        control = HTTPClient(port: controlPort)
        var configuration = KafkaConfiguration(bootstrapServers: bootstrapServers)
        configuration.sessionTimeout = .seconds(6)
        configuration.heartbeatInterval = .seconds(1)
        // The local broker answers with more than was asked for.
        configuration.extra["receive.message.max.bytes"] = "1000000000"
        self.configuration = configuration
        var command = Environment.brokerCommand + ["start", "--data-dir", folder.appending(path: "broker").path]
        command += ["--port", "\(port)", "--control-port", "\(controlPort)"]
        if let tools = Environment.brokerFolder { command += ["--folder", tools] }
        let log = folder.appending(path: "broker.out")
        process = try ProcessHandle(command, environment: Environment.inherited, log: log)
        try await eventually(within: .seconds(60), "the broker is ready") {
            guard process.isRunning else { throw WorldFailure("the broker ended", log: log) }
            return (try? String(contentsOf: log, encoding: .utf8))?.contains("broker ready") ?? false
        }
    }

    func stop() async { await process.stop() }

    /// Orders a fault at the gate, such as `/refuse?ms=1000`.
    func order(_ fault: String) async throws {
        // The gate speaks HTTP/1.0 and closes.
        let answer = try await control.send(.get(fault))
        guard answer.status == 200 else { throw WorldFailure("the gate answered \(answer)") }
    }

    /// Makes a group read its topics from their beginning; it must have no member.
    func reset(_ group: String, topics: [Topic]) async throws {
        let admin = try KafkaAdmin(configuration: configuration, logger: logger)
        // A member that was just stopped may still have to be forgotten.
        try await eventually(within: .seconds(20), "the group \(group) is empty") {
            do {
                try await admin.resetGroup(group, topics: topics.map(\.rawValue))
                return true
            } catch let error as KafkaError where [.groupNotEmpty, .unknownMember].contains(error.code) {
                return false
            }
        }
    }

    /// How many records are in these topics.
    func count(_ topics: [Topic]) async throws -> Int64 {
        let admin = try KafkaAdmin(configuration: configuration, logger: logger)
        var partitions: [TopicPartition] = []
        for topic in topics { partitions += try await admin.partitions(of: topic.rawValue) }
        return try await admin.endOffsets(partitions).values.reduce(0, +)
    }

    /// Every record of these topics, each partition in its order.
    func records(in topics: [Topic]) async throws -> [ConsumedRecord] {
        let expected = try await count(topics)
        let consumer = try KafkaConsumer(
            configuration: configuration,
            group: "reader-\(UUID())",
            topics: topics.map(\.rawValue),
            logger: logger
        )
        let deadline = ContinuousClock.now + .seconds(60)
        var records: [ConsumedRecord] = []
        while records.count < expected, .now < deadline {
            let batch = try await consumer.nextBatch(maximumRecords: 10_000, within: .seconds(1))
            records += batch.records
            try await consumer.commit(batch)
        }
        await consumer.close()
        guard records.count >= expected else { throw WorldFailure("only \(records.count) of \(expected) records could be read") }
        return records.sorted { ($0.topic, $0.partition, $0.offset) < ($1.topic, $1.partition, $1.offset) }
    }

    /// Appends records, in order.
    func produce(_ records: [KafkaRecord]) async throws {
        let producer = try KafkaProducer(configuration: configuration, logger: logger)
        let reports = try await producer.send(records)
        await producer.close(within: .seconds(5))
        if let error = reports.lazy.compactMap(\.error).first { throw error }
    }
}
