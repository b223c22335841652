import Kafka
import Logging
import ServiceTesting
import Synchronization
import Testing

/// Everything that needs a broker. One test at a time: some of them cut the connections of all clients.
@Suite("Against a real broker", .serialized, .enabled(if: TestBroker.isAvailable))
struct BrokerTests {}

/// Records for a topic whose values are the numbers of a range.
func numbered(_ range: Range<Int>, topic: String, key: (Int) -> String = { "k\($0 % 7)" }) -> [KafkaRecord] {
    range.map { KafkaRecord(topic: topic, key: Array(key($0).utf8), value: Array("\($0)".utf8)) }
}

extension ConsumedRecord {
    /// The number that `numbered` wrote.
    var number: Int { value.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? -1 }

    var keyText: String { String(decoding: key ?? [], as: UTF8.self) }
}

extension TestBroker {
    func consumer(
        of topic: String,
        group: String,
        instanceID: String? = nil,
        logger: Logger? = nil,
        onAssignmentChange: (@Sendable (AssignmentChange) -> Void)? = nil
    ) throws -> KafkaConsumer {
        try KafkaConsumer(
            configuration: configuration,
            group: name(group),
            instanceID: instanceID,
            topics: [topic],
            logger: logger ?? self.logger,
            onAssignmentChange: onAssignmentChange
        )
    }

    func producer() throws -> KafkaProducer {
        try KafkaProducer(configuration: configuration, logger: logger)
    }
}

extension KafkaConsumer {
    /// Takes batches until that many records came, or the time is over; commits each batch when asked to.
    func take(_ count: Int, within limit: Duration = .seconds(20), committing: Bool = true) async throws -> [ConsumedRecord] {
        let deadline = ContinuousClock.now + limit
        var records: [ConsumedRecord] = []
        while records.count < count, ContinuousClock.now < deadline {
            let batch = try await nextBatch(maximumRecords: 1000, within: .milliseconds(200))
            records += batch.records
            if committing { try await commit(batch) }
        }
        return records
    }

    /// Calls `nextBatch` until the group has given this consumer its share.
    func join(within limit: Duration = .seconds(20)) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while !isAssigned, ContinuousClock.now < deadline {
            rewind(try await nextBatch(maximumRecords: 1, within: .milliseconds(50)))
        }
        return isAssigned
    }
}

/// A value that several tasks of a test change.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { value in body(&value) }
    }
}

/// Keeps what a client says, for the message of an expectation that fails.
struct LogRecorder: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private let recorded = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    var lines: [String] { recorded.all.withLock { $0 } }

    var logger: Logger { Logger(label: "test.kafka") { _ in self } }

    func log(event: LogEvent) {
        recorded.all.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
