import EventContracts
import Kafka
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

/// The consumer's loop over a real broker.
@Suite(.enabled(if: TestDatabase.isAvailable && TestBroker.isAvailable))
struct EventConsumerTests {
    private func prepared(_ body: (TestDatabase, TestBroker, _ topic: String) async throws -> Void) async throws {
        try await MessagingFixture.with { database in
            let broker = try TestBroker()
            let topic = broker.name("events")
            try await broker.createTopic(topic, partitions: 2)
            try await body(database, broker, topic)
        }
    }

    private func consumer(
        _ harness: ProcessorHarness,
        _ broker: TestBroker,
        _ topic: String,
        beforeJoining: @escaping @Sendable () throws -> Void = {}
    ) -> EventConsumer {
        var configuration = EventConsumer.Configuration()
        configuration.pollTimeout = .milliseconds(200)
        configuration.firstPause = .milliseconds(10)
        configuration.longestPause = .milliseconds(50)
        return EventConsumer(processor: harness.processor, configuration: configuration, logger: MessagingFixture.quiet) {
            try beforeJoining()
            return try KafkaConsumer(
                configuration: broker.configuration,
                group: broker.name("group"),
                topics: [topic],
                logger: MessagingFixture.quiet
            )
        }
    }

    private func send(_ events: [EncodedEvent], _ broker: TestBroker) async throws {
        try await broker.produce(
            events.map { event in
                KafkaRecord(
                    topic: event.topic.rawValue,
                    key: Array(event.key.rawValue.utf8),
                    value: event.payload,
                    headers: event.headers.map { KafkaHeader(name: $0.name, value: $0.value) }
                )
            }
        )
    }

    @Test func `What was handled is committed: the next member of the group goes on behind it`() async throws {
        try await prepared { database, broker, topic in
            let given = Tally()
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        for _ in batch { given.add() }
                        return []
                    }
                )
            }
            let events = (0..<50).map { _ in MessagingFixture.event(topic: topic) }
            try await send(Array(events[..<49]), broker)
            let (first, second) = (consumer(harness, broker, topic), consumer(harness, broker, topic))
            try await running {
                try await first.run()
            } _: {
                try await eventually(within: .seconds(30)) { try await database.effects().count == 49 }
            }
            #expect(!first.isAssigned)
            _ = try await database.pool.query("TRUNCATE messaging.inbox")
            try await send([events[49]], broker)
            try await running {
                try await second.run()
            } _: {
                try await eventually(within: .seconds(30)) { try await database.effects().count == 50 }
                #expect(second.isAssigned)
            }
            #expect(given.value == 50, "nothing was handed out twice")
            #expect(Set(try await database.effects()) == Set(events.map(\.id)))
        }
    }

    @Test func `While the database is away the same batch is taken again, in order, and nothing is parked`() async throws {
        try await prepared { database, broker, topic in
            let away = Mutex(true)
            let attempts = Tally()
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { _, _ in
                        attempts.add()
                        if away.withLock({ $0 }) { throw PostgresError(.connectionLost, "away") }
                        return []
                    }
                )
            }
            let user = UserID()
            let events = (0..<30).map { _ in MessagingFixture.event(user, topic: topic) }
            try await send(events, broker)
            let consumer = consumer(harness, broker, topic)
            try await running {
                try await consumer.run()
            } _: {
                try await eventually(within: .seconds(30), "it was tried again") { attempts.value >= 4 }
                #expect(consumer.holdingBecause != nil)
                away.withLock { $0 = false }
                try await eventually { try await database.effects().count == 30 }
                try await eventually("records flow") { consumer.holdingBecause == nil }
            }
            #expect(try await database.effects() == events.map(\.id))
            #expect(try await database.count("messaging.parked_events") == 0)
            #expect(try await database.count("messaging.dead_letters") == 0)
        }
    }

    /// A service that starts before its broker must not look unwell until somebody happens to send it a record.
    @Test func `A consumer that could join at last holds nothing, even when there is nothing to read`() async throws {
        try await prepared { database, broker, topic in
            struct NoBroker: Error {}
            let attempts = Tally()
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(UserErased.self)) }
            let consumer = consumer(harness, broker, topic) { if attempts.add() < 3 { throw NoBroker() } }
            try await running {
                try await consumer.run()
            } _: {
                try await eventually("it holds") { consumer.holdingBecause != nil }
                try await eventually(within: .seconds(30), "it is well") { consumer.isAssigned && consumer.holdingBecause == nil }
            }
        }
    }

    @Test func `A batch that was begun is finished and committed before the consumer ends`() async throws {
        try await prepared { database, broker, topic in
            let (begun, goOn) = (Signal(), Signal())
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { _, _ in
                        begun.notify()
                        await goOn.wait()
                        return []
                    }
                )
            }
            let event = MessagingFixture.event(topic: topic)
            try await send([event], broker)
            let consumer = consumer(harness, broker, topic)
            let task = Task { try await consumer.run() }
            await begun.wait()
            task.cancel()
            goOn.notify()
            _ = await task.result
            #expect(try await database.effects() == [event.id])
        }
    }
}
