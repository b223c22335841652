import EventContracts
import Kafka
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

/// What is parked is tried again, in order, and given up after the limit.
@Suite(.enabled(if: TestDatabase.isAvailable))
struct ParkedRetriesTests {
    private var quick: ParkedRetries.Configuration {
        var configuration = ParkedRetries.Configuration()
        configuration.firstPause = .milliseconds(1)
        configuration.longestPause = .milliseconds(5)
        configuration.maximumAttempts = 4
        configuration.pollInterval = .seconds(600)
        return configuration
    }

    private var once: EventProcessor.Configuration {
        var configuration = EventProcessor.Configuration()
        configuration.attemptsInPlace = 1
        configuration.firstRetry = .milliseconds(1)
        return configuration
    }

    @Test func `A sequence whose cause of failure has gone is worked off in order`() async throws {
        try await MessagingFixture.with { database in
            let fails = Mutex(true)
            let harness = ProcessorHarness(database, configuration: once) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { _, _ in
                        if fails.withLock({ $0 }) { throw Broken() }
                        return []
                    }
                )
            }
            let user = UserID()
            let events = (0..<5).map { _ in MessagingFixture.event(user) }
            try await harness.process(events)
            fails.withLock { $0 = false }
            try await running {
                try await harness.retries(quick).run()
            } _: {
                try await eventually("all were handled") { try await database.count("messaging.parked_sequences") == 0 }
            }
            #expect(try await database.effects() == events.map(\.id))
        }
    }

    @Test func `After the limit the head is a dead letter, and its followers stay behind it`() async throws {
        try await MessagingFixture.with { database in
            let user = UserID()
            let events = (0..<3).map { _ in MessagingFixture.event(user) }
            let calls = Tally()
            let harness = ProcessorHarness(database, configuration: once) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        guard batch.contains(where: { $0.metadata.id == events[0].id }) else { return [] }
                        if batch.count == 1 { calls.add() }
                        throw Broken()
                    }
                )
            }
            try await harness.process(events)
            try await running {
                try await harness.retries(quick).run()
            } _: {
                try await eventually("the sequence is dead") { try await harness.states() == ["dead"] }
                let late = MessagingFixture.event(user)
                try await harness.process([late], from: 3)
                harness.wakeUp.notify()
                #expect(try await database.count("messaging.parked_events") == 3)
            }
            #expect(calls.value == quick.maximumAttempts)
            #expect(try await database.effects().isEmpty)
            let letter = try await database.pool.query(
                "SELECT event_id, event_type, value, attempts, record_offset FROM messaging.dead_letters"
            ).decode(EventID.self, String.self, [UInt8].self, Int32.self, Int64.self)
            #expect(letter.count == 1)
            #expect(letter[0] == (events[0].id, "order.UserErased", events[0].payload, 4, 0))
        }
    }

    /// A broker that was set up anew counts its offsets from zero again.
    @Test func `Two events that were given up at the same offset are both kept`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database, configuration: once) { router, _ in
                router.register(ScriptedHandler(UserErased.self) { _, _ in throw Broken() })
            }
            try await harness.process([MessagingFixture.event()])
            try await harness.process([MessagingFixture.event()])
            try await running {
                try await harness.retries(quick).run()
            } _: {
                try await eventually("both are dead") { try await harness.states() == ["dead", "dead"] }
            }
            #expect(try await database.count("messaging.dead_letters") == 2)
        }
    }

    @Test func `Looks at a closed gate do not count as failures`() async throws {
        try await MessagingFixture.with { database in
            let (user, calls) = (UserID(), Tally())
            let isOpen = Mutex(false)
            let harness = ProcessorHarness(database, configuration: once) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        calls.add()
                        if isOpen.withLock({ $0 }) { throw Broken() }
                        return batch.map { WaitingEvent($0.metadata.id, for: .user(user)) }
                    }
                )
            }
            try await harness.process([MessagingFixture.event(user)])
            try await running {
                try await harness.retries(quick).run()
            } _: {
                try await eventually("it has waited for long") { calls.value > 10 }
                isOpen.withLock { $0 = true }
                try await harness.open([user])
                try await eventually("it is dead") { try await harness.states() == ["dead"] }
            }
            let attempts = try await database.pool.query("SELECT attempts FROM messaging.dead_letters").decode(Int32.self)
            #expect(attempts == [Int32(quick.maximumAttempts)])
        }
    }

    @Test func `An event whose gate stays closed for too long is given up`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database, configuration: once) { router, _ in router.register(ScriptedHandler.gated) }
            var configuration = quick
            configuration.longestWait = .milliseconds(1)
            let retries = harness.retries(configuration)
            try await harness.process([MessagingFixture.event()])
            try await running {
                try await retries.run()
            } _: {
                try await eventually("it is dead") { try await harness.states() == ["dead"] }
            }
            let errors = try await database.pool.query("SELECT error FROM messaging.dead_letters").decode(String.self)
            #expect(errors.count == 1 && errors[0].contains("GateStayedClosed"))
        }
    }

    /// Each event waits for a gate of its own, which opens just when the retries look at it for the first time, outside any lock.
    @Test func `No wake-up is lost when the next event of a sequence waits for another gate`() async throws {
        try await MessagingFixture.with(maximumConnections: 8) { database in
            let gates = (0..<20).map { Gate(rawValue: "own:\($0)") }
            let user = UserID()
            let events = gates.map { _ in MessagingFixture.event(user) }
            let places = Dictionary(uniqueKeysWithValues: zip(events.map(\.id), gates))
            let sequences = Mutex<ParkedSequences?>(nil)
            let opened = Mutex<Set<String>>([])
            let harness = ProcessorHarness(database) { router, parked in
                sequences.withLock { $0 = parked }
                router.register(
                    ScriptedHandler(UserErased.self) { batch, transaction in
                        var waiting: [WaitingEvent] = []
                        for envelope in batch {
                            guard let gate = places[envelope.metadata.id] else { continue }
                            let isOpen = try await transaction.query("SELECT 1 FROM open_gates WHERE gate = \(gate.rawValue)").count == 1
                            if isOpen { continue }
                            waiting.append(WaitingEvent(envelope.metadata.id, for: gate))
                            guard batch.count == 1, opened.withLock({ $0.insert(gate.rawValue).inserted }) else { continue }
                            let parked = sequences.withLock { $0 }
                            try await database.pool.withTransaction { transaction in
                                transaction.enqueue("INSERT INTO open_gates VALUES (\(gate.rawValue))")
                                parked?.open([gate], in: transaction)
                            }
                        }
                        return waiting
                    }
                )
            }
            try await harness.process(events)
            try await running {
                try await harness.retries(.slow).run()
            } _: {
                try await database.openGate(gates[0])
                try await harness.makeDue()
                try await eventually("all were handled") { try await database.effects().count == events.count }
            }
            #expect(try await database.effects() == events.map(\.id))
        }
    }

    /// The opener has looked for what waits, and has not committed, when the retries find the gate closed for the first time.
    @Test func `No wake-up is lost when a gate opens between two looks of the retries`() async throws {
        try await MessagingFixture.with { database in
            let user = UserID()
            let (looked, opened) = (Signal(), Signal())
            let looks = Tally()
            let harness = ProcessorHarness(database, configuration: once) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, transaction in
                        let look = looks.add()
                        if look == 1 { throw Broken() }
                        let isOpen = try await transaction.query("SELECT 1 FROM open_gates").count == 1
                        if look == 2 {
                            looked.notify()
                            await opened.wait()
                        } else {
                            looked.notify()
                        }
                        return isOpen ? [] : batch.map { WaitingEvent($0.metadata.id, for: .user(user)) }
                    }
                )
            }
            let event = MessagingFixture.event(user)
            try await harness.process([event])
            try await running {
                try await harness.retries(.slow).run()
            } _: {
                await looked.wait()
                try await database.pool.withTransaction { transaction in
                    transaction.enqueue("INSERT INTO open_gates VALUES ('any')")
                    harness.parked.open([.user(user)], in: transaction)
                    _ = try await transaction.query("SELECT 1")
                    opened.notify()
                    // The second look must wait for this transaction; one that did not would end this wait at once.
                    await looked.wait(for: .milliseconds(300))
                }
                try await eventually(within: .seconds(5), "it was handled") { try await database.effects() == [event.id] }
            }
        }
    }

    /// Between an attempt and the note that it failed, another instance gives the event up. The first one has a single connection, for which
    /// the other's whole run stands in the queue before the note.
    @Test func `A failure is noted of the event that failed, and never of its follower`() async throws {
        try await MessagingFixture.with { database in
            let user = UserID()
            let events = (0..<3).map { _ in MessagingFixture.event(user) }
            let (tries, isTried, mayFail) = (Tally(), Signal(), Signal())
            let harness = ProcessorHarness(database, configuration: once) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        guard batch.contains(where: { $0.metadata.id == events[0].id }) else { return [] }
                        // In the batch it fails first; then alone, in the batch's half; then it is the retries' turn.
                        if batch.count == 1, tries.add() == 2 {
                            isTried.notify()
                            await mayFail.wait()
                        }
                        throw Broken()
                    }
                )
            }
            try await harness.process(events)
            var last = ParkedRetries.Configuration()
            last.firstPause = .milliseconds(1)
            last.maximumAttempts = 2
            last.pollInterval = .seconds(600)
            let (configuration, narrow) = (
                last, PostgresPool(configuration: database.configuration, maximumConnections: 1, logger: MessagingFixture.quiet)
            )
            try await running {
                try await harness.retries(configuration, over: narrow).run()
            } _: {
                await isTried.wait()
                async let other: Void = narrow.withConnection { _ in
                    try await running {
                        try await harness.retries(configuration).run()
                    } _: {
                        try await eventually("the other instance has given it up") { try await harness.states() == ["dead"] }
                    }
                }
                try await eventually("the other's run stands in the queue") { narrow.statistics.waiting == 1 }
                mayFail.notify()
                try await other
                _ = try await narrow.query("SELECT 1")
                _ = try await narrow.query("SELECT 1")
            }
            let letters = try await database.pool.query("SELECT event_id, attempts FROM messaging.dead_letters").decode(
                EventID.self,
                Int32.self
            )
            #expect(letters.map(\.0) == [events[0].id] && letters.map(\.1) == [2])
            #expect(try await database.count("messaging.parked_events") == 2)
            await narrow.close()
        }
    }

    /// The retries go on with the others, and come back to it later.
    @Test func `An event whose attempt takes too long does not hold up other sequences`() async throws {
        try await MessagingFixture.with { database in
            let (slow, quickOne) = (MessagingFixture.event(), MessagingFixture.event())
            let fails = Mutex(true)
            let harness = ProcessorHarness(database, configuration: once) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, transaction in
                        if fails.withLock({ $0 }) { throw Broken() }
                        if batch.contains(where: { $0.metadata.id == slow.id }) {
                            _ = try await transaction.query("SET LOCAL statement_timeout = '20ms'")
                            _ = try await transaction.query("SELECT pg_sleep(10)")
                        }
                        return []
                    }
                )
            }
            try await harness.process([slow])
            try await harness.process([quickOne], from: 1)
            fails.withLock { $0 = false }
            try await running {
                try await harness.retries(quick).run()
            } _: {
                try await eventually("the other one was handled") { try await database.effects() == [quickOne.id] }
            }
            let attempts = try await database.pool.query(
                "SELECT attempts FROM messaging.parked_sequences WHERE key = \(slow.key.rawValue)"
            ).decode(Int32.self)
            #expect(attempts == [1])
        }
    }

    @Test func `Two instances that retry share the work and keep the order`() async throws {
        try await MessagingFixture.with(maximumConnections: 8) { database in
            let harness = ProcessorHarness(database, configuration: once) { router, _ in router.register(ScriptedHandler.gated) }
            let users = (0..<10).map { _ in UserID() }
            let events = (0..<60).map { MessagingFixture.event(users[$0 % 10]) }
            try await harness.process(events)
            #expect(try await database.count("messaging.parked_events") == 60)
            let other = ProcessorHarness(database, configuration: once) { router, _ in router.register(ScriptedHandler.gated) }
            try await running {
                try await harness.retries(quick).run()
            } _: {
                try await running {
                    try await other.retries(quick).run()
                } _: {
                    try await harness.open(users)
                    try await other.open(users)
                    try await eventually("all were handled") { try await database.effects().count == 60 }
                }
            }
            let done = try await database.pool.query("SELECT event_id, key FROM effects ORDER BY id").decode(EventID.self, String.self)
            for user in users {
                let key = PartitionKey(user)
                #expect(done.filter { $0.1 == key.rawValue }.map(\.0) == events.filter { $0.key == key }.map(\.id))
            }
        }
    }
}
