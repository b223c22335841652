import EventContracts
import Kafka
import Postgres
import ServiceTesting
import Testing

@testable import Messaging

@Suite(.enabled(if: TestDatabase.isAvailable))
struct OutboxTests {
    private let outbox = Outbox(relayWakeUp: Signal())

    @Test func `An event is there after the commit and is not there after a rollback`() async throws {
        try await MessagingFixture.with { database in
            let kept = MessagingFixture.event()
            await #expect(throws: Broken.self) {
                try await database.pool.withTransaction { transaction in
                    outbox.append([MessagingFixture.event()], in: transaction)
                    _ = try await transaction.query("SELECT 1")
                    throw Broken()
                }
            }
            try await database.pool.withTransaction { outbox.append([kept], in: $0) }
            #expect(try await database.pool.query("SELECT event_id FROM messaging.events").decode(EventID.self) == [kept.id])
        }
    }

    @Test func `The relay is woken by the commit, and not before`() async throws {
        try await MessagingFixture.with { database in
            let wakeUp = Signal()
            let outbox = Outbox(relayWakeUp: wakeUp)
            let woken = Tally()
            let waiter = Task {
                await wakeUp.wait()
                woken.add()
            }
            try await database.pool.withTransaction { transaction in
                outbox.append([MessagingFixture.event()], in: transaction)
                _ = try await transaction.query("SELECT 1")
                #expect(woken.value == 0)
            }
            await waiter.value
            #expect(woken.value == 1)
        }
    }

    @Test func `Events of one aggregate have their ids in the order of its changes`() async throws {
        try await MessagingFixture.with(maximumConnections: 8) { database in
            let (writers, changes) = (8, 12)
            try await withThrowingTaskGroup { group in
                for writer in 0..<writers {
                    group.addTask { [outbox] in
                        for _ in 0..<changes {
                            try await database.pool.withTransaction { transaction in
                                let aggregate = Int32(writer % 2 + 1)
                                let change = try await transaction.query(
                                    "UPDATE counters SET value = value + 1 WHERE id = \(aggregate) RETURNING value"
                                ).decode(Int64.self)[0]
                                outbox.append([MessagingFixture.event(topic: "\(aggregate)-\(change)")], in: transaction)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let topics = try await database.pool.query("SELECT topic FROM messaging.events ORDER BY id").decode(String.self)
            for aggregate in 1...2 {
                let own = topics.filter { $0.hasPrefix("\(aggregate)-") }
                #expect(own == (1...(writers / 2 * changes)).map { "\(aggregate)-\($0)" })
            }
        }
    }

    @Test func `What the relay reads is, byte for byte, what was encoded`() async throws {
        try await MessagingFixture.with { database in
            let trace = try #require(TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
            let event = EncodedEvent(
                UserRegistered(userID: UserID(), email: "jürgen@example.org", name: "Jürgen \"J\" 🦊", currency: .usd),
                causedBy: EventID().description,
                trace: trace
            )
            let record = try await Self.record(of: event, appendedBy: outbox, to: database.pool)
            #expect(record.topic == event.topic.rawValue)
            #expect(record.key == Array(event.key.rawValue.utf8))
            #expect(record.value == event.payload)
            #expect(record.headers == event.headers.map { KafkaHeader(name: $0.name, value: $0.value) })
        }
    }

    @Test func `An event without a cause is its own cause and begins a trace, so that no header is missing`() async throws {
        try await MessagingFixture.with { database in
            let event = EncodedEvent(UserErased(userID: UserID()), causedBy: nil, trace: nil)
            let record = try await Self.record(of: event, appendedBy: outbox, to: database.pool)
            let headers = Dictionary(uniqueKeysWithValues: record.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) })
            #expect(record.headers.count == event.headers.count + 2)
            #expect(headers[EventHeaderName.causationID] == event.id.description)
            #expect(headers[EventHeaderName.traceParent].flatMap(TraceContext.init(traceparent:)) != nil)
        }
    }

    @Test func `The table takes no event without a cause or a trace`() async throws {
        try await MessagingFixture.with { database in
            for (cause, trace) in [(nil, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("a", nil)] as [(String?, String?)] {
                await #expect(throws: PostgresError.self) {
                    _ = try await database.pool.query(
                        """
                        INSERT INTO messaging.events
                            (event_id, topic, type, key, source, time, subject, data_schema, correlation_id, causation_id, traceparent, payload)
                        VALUES (gen_random_uuid(), 't', 't', 'k', '/s', 'now', 's', 'd', 'c', \(cause), \(trace), '{}')
                        """
                    )
                }
            }
        }
    }

    /// What the relay would publish of an event.
    private static func record(of event: EncodedEvent, appendedBy outbox: Outbox, to pool: PostgresPool) async throws -> KafkaRecord {
        try await pool.withTransaction { outbox.append([event], in: $0) }
        let lease = RelayLease(owner: "reader", duration: .seconds(30))
        let term = try #require(try await lease.acquire(from: pool))
        var reader = RelayReader(lease: lease, term: term, maximumEvents: 10)
        return try #require(try await reader.next(epoch: term.epoch, from: pool).records.first)
    }

    @Test func `A batch of events keeps its order`() async throws {
        try await MessagingFixture.with { database in
            let events = (0..<500).map { _ in MessagingFixture.event() }
            try await database.pool.withTransaction { outbox.append(events, in: $0) }
            let ids = try await database.pool.query("SELECT event_id FROM messaging.events ORDER BY id").decode(EventID.self)
            #expect(ids == events.map(\.id))
        }
    }
}
