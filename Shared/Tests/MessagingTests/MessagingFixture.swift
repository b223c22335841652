import EventContracts
import Kafka
import Logging
import Postgres
import ServiceTesting
import Synchronization

@testable import Messaging

/// A database with this module's tables and one of effects, which handlers of tests write and tests read.
enum MessagingFixture {
    static let effects = Migrator(
        set: "tests",
        migrations: [
            Migration(
                name: "0001_effects.sql",
                sql: """
                    CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL, key text NOT NULL);
                    CREATE TABLE open_gates (gate text PRIMARY KEY);
                    CREATE TABLE counters (id integer PRIMARY KEY, value bigint NOT NULL);
                    INSERT INTO counters VALUES (1, 0), (2, 0)
                    """
            )
        ]
    )

    static func with<Value>(maximumConnections: Int = 6, _ body: (TestDatabase) async throws -> Value) async throws -> Value {
        let messaging = Migrator(set: "messaging", migrations: try Migration.load(from: MessagingMigrations.directory))
        return try await TestDatabase.with(
            migrators: [messaging, effects],
            maximumConnections: maximumConnections,
            logger: quiet,
            body
        )
    }

    /// Tests provoke what is logged as an error.
    static var quiet: Logger {
        var logger = Logger(label: "test.messaging")
        logger.logLevel = .critical
        return logger
    }

    /// An event of a user, on a topic of the test's own.
    static func event(_ user: UserID = UserID(), topic: String = "test.erased", id: EventID = EventID()) -> EncodedEvent {
        moved(EncodedEvent(UserErased(userID: user), causedBy: "a request", trace: .make(), id: id), to: topic)
    }

    static func moved(_ event: EncodedEvent, to topic: String) -> EncodedEvent {
        EncodedEvent(
            id: event.id,
            type: event.type,
            topic: Topic(rawValue: topic),
            key: event.key,
            payload: event.payload,
            headers: event.headers
        )
    }
}

extension EncodedEvent {
    /// The record that Kafka would hand out for it.
    func consumed(partition: Int32 = 0, offset: Int64) -> ConsumedRecord {
        ConsumedRecord(
            topic: topic.rawValue,
            partition: partition,
            offset: offset,
            timestampMilliseconds: 0,
            key: Array(key.rawValue.utf8),
            value: payload,
            headers: headers.map { KafkaHeader(name: $0.name, value: $0.value) }
        )
    }
}

extension ConsumedRecord {
    /// The id of the event that it carries.
    var eventID: EventID? {
        headers.first { $0.name == EventHeaderName.id }.flatMap { EventID(String(decoding: $0.value, as: UTF8.self)) }
    }
}

extension TestDatabase {
    /// What handlers did, in order.
    func effects() async throws -> [EventID] {
        try await pool.query("SELECT event_id FROM effects ORDER BY id").decode(EventID.self)
    }

    func count(_ table: String) async throws -> Int {
        Int(try await pool.query("SELECT count(*) FROM \(unescaped: table)").decode(Int64.self)[0])
    }

    func openGate(_ gate: Gate) async throws {
        _ = try await pool.query("INSERT INTO open_gates VALUES (\(gate.rawValue)) ON CONFLICT DO NOTHING")
    }
}

/// A handler whose behaviour is the test's own; whatever it does not hold back is written to `effects`.
struct ScriptedHandler<Handled: Event>: EventHandler {
    /// Returns those that wait; throwing fails the whole call.
    let decide: @Sendable ([EventEnvelope<Handled>], borrowing Transaction) async throws -> [WaitingEvent]

    init(
        _: Handled.Type,
        _ decide: @escaping @Sendable ([EventEnvelope<Handled>], borrowing Transaction) async throws -> [WaitingEvent] = { _, _ in [] }
    ) {
        self.decide = decide
    }

    func handle(_ events: [EventEnvelope<Handled>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        let waiting = try await decide(events, transaction)
        let held = Set(waiting.map(\.event))
        let done = events.filter { !held.contains($0.metadata.id) }
        transaction.enqueue(
            """
            INSERT INTO effects (event_id, key)
            SELECT * FROM unnest(\(done.map(\.metadata.id)), \(done.map(\.event.key.rawValue)))
            """
        )
        return waiting
    }
}

extension ScriptedHandler where Handled == UserErased {
    /// Events of a user wait until the gate of that user is in the table `open_gates`.
    static var gated: Self {
        Self(UserErased.self) { events, transaction in
            let gates = Set(events.map { Gate.user($0.event.userID).rawValue }).sorted()
            let open = Set(
                try await transaction.query("SELECT gate FROM open_gates WHERE gate = ANY(\(gates))").decode(String.self)
            )
            return events.filter { !open.contains(Gate.user($0.event.userID).rawValue) }
                .map { WaitingEvent($0.metadata.id, for: .user($0.event.userID)) }
        }
    }
}

extension Gate {
    static func user(_ id: UserID) -> Gate { Gate("user", id) }
}

/// A failure that is a handler's own.
struct Broken: Error {}

/// Runs a service beside a test and ends it with the test.
func running<Value>(
    _ services: @escaping @Sendable () async throws -> Void,
    _ body: () async throws -> Value
) async throws -> Value {
    let task = Task { try await services() }
    do {
        let value = try await body()
        task.cancel()
        _ = await task.result
        return value
    } catch {
        task.cancel()
        _ = await task.result
        throw error
    }
}

/// A count that several tasks keep.
final class Tally: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    /// - Returns: The new count.
    @discardableResult
    func add() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
