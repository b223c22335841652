import EventContracts
import Kafka
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

@Suite(.enabled(if: TestDatabase.isAvailable))
struct EventProcessorTests {
    private func users(_ count: Int) -> [UserID] { (0..<count).map { _ in UserID() } }

    @Test func `A batch is one transaction`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(UserErased.self)) }
            let events = users(100).map { MessagingFixture.event($0) }
            let before = database.pool.statistics.commits
            try await harness.process(events)
            #expect(database.pool.statistics.commits == before + 1)
            #expect(try await database.effects() == events.map(\.id))
        }
    }

    @Test func `A repeat has no effect, within a batch and in a later one`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(UserErased.self)) }
            let events = users(3).map { MessagingFixture.event($0) }
            try await harness.process([events[0], events[1], events[0], events[1]])
            try await harness.process([events[1], events[2], events[0]], from: 4)
            #expect(try await database.effects() == events.map(\.id))
        }
    }

    @Test func `Two consumers that meet the same events give each one effect`() async throws {
        try await MessagingFixture.with { database in
            // One attempt, so that a deadlock would be seen.
            var configuration = EventProcessor.Configuration()
            configuration.transactionAttempts = 1
            let harness = ProcessorHarness(database, configuration: configuration) { router, _ in
                router.register(ScriptedHandler(UserErased.self))
            }
            let events = users(60).map { MessagingFixture.event($0) }
            try await withThrowingTaskGroup { group in
                for start in [0, 20, 10, 0, 30, 5] {
                    group.addTask { try await harness.process(events[start..<min(start + 40, 60)].shuffled()) }
                }
                try await group.waitForAll()
            }
            #expect(try await database.effects().sorted() == events.map(\.id).sorted())
        }
    }

    @Test func `Events of other types are passed over`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(AccountOpened.self)) }
            try await harness.process([MessagingFixture.event()])
            #expect(try await database.effects().isEmpty)
            #expect(try await database.count("messaging.dead_letters") == 0)
        }
    }

    @Test(arguments: [0, 7, 19])
    func `A failing event parks its sequence, its followers queue behind it, and all others flow`(place: Int) async throws {
        try await MessagingFixture.with { database in
            let users = users(4)
            let events = (0..<20).map { MessagingFixture.event(users[$0 % 4]) }
            let bad = events[place]
            let calls = Tally()
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        if batch.contains(where: { $0.metadata.id == bad.id }) {
                            if batch.count == 1 { calls.add() }
                            throw Broken()
                        }
                        return []
                    }
                )
            }
            try await harness.process(events)
            let behind = events[place...].filter { $0.key == bad.key }
            #expect(calls.value == 3, "tried in place as often as configured")
            #expect(try await database.effects() == events.filter { event in !behind.contains { $0.id == event.id } }.map(\.id))
            let waiting = try await database.pool.query("SELECT event_id FROM messaging.parked_events ORDER BY id").decode(EventID.self)
            #expect(waiting == behind.map(\.id))
            #expect(try await harness.states() == ["retrying"])

            let late = MessagingFixture.event(users[place % 4])
            try await harness.process([late], from: 20)
            #expect(try await database.count("messaging.parked_events") == behind.count + 1, "a later batch queues behind it, too")
        }
    }

    @Test func `What cannot be read becomes a dead letter, once, with its bytes`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(UserErased.self)) }
            let good = MessagingFixture.event()
            let raw: [UInt8] = [0, 0xff, 0x7b]
            let noEvent = ConsumedRecord(
                topic: "test.erased",
                partition: 0,
                offset: 1,
                timestampMilliseconds: 0,
                key: [0xfe],
                value: raw,
                headers: [KafkaHeader(name: "strange", value: [0xff, 0])]
            )
            let broken = EncodedEvent(
                id: good.id,
                type: good.type,
                topic: good.topic,
                key: good.key,
                payload: Array("{\"user_id\":3}".utf8),
                headers: good.headers
            )
            for _ in 0..<2 { try await harness.processor.process([noEvent, broken.consumed(offset: 2), good.consumed(offset: 3)]) }
            #expect(try await database.effects() == [good.id])
            let letters = try await database.pool.query(
                "SELECT record_offset, key, value, header_values FROM messaging.dead_letters ORDER BY record_offset"
            )
            #expect(letters.count == 2)
            let first = try letters[0].decode(Int64.self, [UInt8].self, [UInt8].self, [[UInt8]].self)
            #expect(first == (1, [0xfe], raw, [[0xff, 0]]))
        }
    }

    /// Postgres keeps no NUL in a text; a record with one must not hold up its partition for ever.
    @Test func `A record whose key or headers hold a NUL becomes a dead letter`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler.gated) }
            let event = MessagingFixture.event()
            let headers = event.headers.map { KafkaHeader(name: $0.name, value: $0.value) }
            func record(_ offset: Int64, key: [UInt8], extra: [KafkaHeader]) -> ConsumedRecord {
                ConsumedRecord(
                    topic: "test.erased",
                    partition: 0,
                    offset: offset,
                    timestampMilliseconds: 0,
                    key: key,
                    value: event.payload,
                    headers: headers + extra
                )
            }
            try await harness.processor.process([record(0, key: Array("a\0b".utf8), extra: [])])
            try await harness.processor.process([record(1, key: Array("ab".utf8), extra: [KafkaHeader(name: "x", value: "\0")])])
            #expect(try await database.count("messaging.dead_letters") == 2)
            #expect(try await database.count("messaging.parked_events") == 0)
        }
    }

    @Test func `A database that is away fails the batch, and nothing is parked or given up`() async throws {
        try await MessagingFixture.with { database in
            let nowhere = try PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/nothing")
            let away = PostgresPool(configuration: nowhere, maximumConnections: 1, logger: MessagingFixture.quiet)
            let closed = PostgresPool(configuration: database.configuration, maximumConnections: 1, logger: MessagingFixture.quiet)
            await closed.close()
            for pool in [away, closed] {
                let calls = Tally()
                let harness = ProcessorHarness(database, pool: pool) { router, _ in
                    router.register(
                        ScriptedHandler(UserErased.self) { _, _ in
                            calls.add()
                            return []
                        }
                    )
                }
                await #expect(throws: PostgresError.self) {
                    try await harness.process([MessagingFixture.event(), MessagingFixture.event()])
                }
                #expect(calls.value == 0)
            }
            await away.close()
            #expect(try await database.count("messaging.parked_events") == 0)
            #expect(try await database.count("messaging.dead_letters") == 0)
            #expect(try await database.count("messaging.inbox") == 0)
        }
    }

    /// The session is ended by the server in the middle of a batch.
    @Test func `A lost connection is nobody's fault`() async throws {
        try await MessagingFixture.with { database in
            let calls = Tally()
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { _, transaction in
                        if calls.add() == 1 {
                            let own = try await transaction.query("SELECT pg_backend_pid()").decode(Int32.self)[0]
                            _ = try await database.pool.query("SELECT pg_terminate_backend(\(own))")
                            _ = try await transaction.query("SELECT 1")
                        }
                        return []
                    }
                )
            }
            let events = users(4).map { MessagingFixture.event($0) }
            await #expect(throws: PostgresError.self) { try await harness.process(events) }
            #expect(calls.value == 1, "a batch is not taken apart for the sake of a lost connection")
            try await harness.process(events)
            #expect(try await database.effects() == events.map(\.id))
        }
    }

    @Test func `A conflict between transactions is tried again by itself`() async throws {
        try await MessagingFixture.with { database in
            let calls = Tally()
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { _, transaction in
                        if calls.add() < 3 {
                            _ = try await transaction.query("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$")
                        }
                        return []
                    }
                )
            }
            let event = MessagingFixture.event()
            try await harness.process([event])
            #expect(calls.value == 3)
            #expect(try await database.effects() == [event.id])
        }
    }

    @Test func `Handlers of one batch are called in the order of their registration, each with its own events in order`() async throws {
        try await MessagingFixture.with { database in
            let calls = Mutex<[String]>([])
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(AccountOpened.self) { batch, _ in
                        calls.withLock { $0.append("opened \(batch.count)") }
                        return []
                    }
                )
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        calls.withLock { $0.append("erased \(batch.count)") }
                        return []
                    }
                )
            }
            let erased = users(2).map { MessagingFixture.event($0) }
            let opened = EncodedEvent(AccountOpened(userID: UserID(), currency: .usd), causedBy: nil, trace: nil)
            try await harness.process([erased[0], opened, erased[1]])
            #expect(calls.withLock { $0 } == ["opened 1", "erased 2"])
            #expect(try await database.effects() == [opened.id] + erased.map(\.id))
        }
    }

    @Test func `Layers stand around handlers, the first one outermost, and hear of failures`() async throws {
        struct Layer: ConsumerMiddleware {
            let name: String
            let log: @Sendable (String) -> Void

            func around(_ call: HandlerCall, next: () async throws -> Void) async throws {
                log("\(name) before \(call.type) \(call.metadata.count)")
                do {
                    try await next()
                } catch {
                    log("\(name) failed")
                    throw error
                }
                log("\(name) after")
            }
        }
        try await MessagingFixture.with { database in
            let heard = Mutex<[String]>([])
            let log: @Sendable (String) -> Void = { line in heard.withLock { $0.append(line) } }
            var configuration = EventProcessor.Configuration()
            configuration.attemptsInPlace = 1
            let fails = Mutex(false)
            let harness = ProcessorHarness(database, configuration: configuration) { router, _ in
                router.use(Layer(name: "outer", log: log))
                router.use(Layer(name: "inner", log: log))
                router.register(
                    ScriptedHandler(UserErased.self) { _, _ in
                        if fails.withLock({ $0 }) { throw Broken() }
                        log("handler")
                        return []
                    }
                )
            }
            try await harness.process([MessagingFixture.event()])
            #expect(
                heard.withLock { $0 } == [
                    "outer before order.UserErased 1", "inner before order.UserErased 1", "handler", "inner after", "outer after",
                ]
            )
            heard.withLock { $0 = [] }
            fails.withLock { $0 = true }
            try await harness.process([MessagingFixture.event()], from: 1)
            #expect(heard.withLock { $0 }.suffix(2) == ["inner failed", "outer failed"])
        }
    }
}
