import EventContracts
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

/// What waits for a gate is parked, keeps its order, and goes on when the gate opens.
@Suite(.enabled(if: TestDatabase.isAvailable))
struct GateTests {
    @Test func `A waiting event parks, later ones of its sequence do too, and opening the gate lets them through in order`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler.gated) }
            let (waits, flows) = (UserID(), UserID())
            try await harness.open([flows])
            let events = (0..<6).map { MessagingFixture.event($0 % 2 == 0 ? waits : flows) }
            try await harness.process(Array(events[..<4]))
            try await harness.process(Array(events[4...]), from: 4)
            #expect(try await database.effects() == [1, 3, 5].map { events[$0].id })
            #expect(try await harness.states() == ["waiting"])

            try await running {
                try await harness.retries().run()
            } _: {
                try await harness.open([waits])
                try await eventually("what waited was handled") { try await database.effects().count == 6 }
            }
            #expect(try await database.effects().suffix(3) == [0, 2, 4].map { events[$0].id })
            #expect(try await database.count("messaging.parked_sequences") == 0)
            #expect(try await database.count("messaging.parked_events") == 0)

            let next = MessagingFixture.event(waits)
            try await harness.process([next], from: 6)
            #expect(try await database.effects().last == next.id, "the sequence flows again")
        }
    }

    /// No pause of any retry is below a minute here, so only the opening itself can have woken what waited.
    @Test func `Opening a gate wakes what waits at once`() async throws {
        try await MessagingFixture.with { database in
            var configuration = EventProcessor.Configuration()
            configuration.firstRetry = .seconds(600)
            let harness = ProcessorHarness(database, configuration: configuration) { router, _ in router.register(ScriptedHandler.gated) }
            try await running {
                try await harness.retries(.slow).run()
            } _: {
                var times: [Duration] = []
                for round in 0..<20 {
                    let user = UserID()
                    try await harness.process([MessagingFixture.event(user)], from: Int64(round))
                    let start = ContinuousClock.now
                    try await harness.open([user])
                    try await eventually("round \(round) was handled") { try await database.effects().count == round + 1 }
                    times.append(start.duration(to: .now))
                }
                #expect(times.sorted()[10] < .milliseconds(200))
            }
        }
    }

    /// The opener commits at any moment of the waiter's transaction. Whatever the moment, the event is handled without waiting for a retry's
    /// pause.
    @Test(arguments: [false, true])
    func `No wake-up is lost between one who opens and one who waits`(retriesRunToo: Bool) async throws {
        try await MessagingFixture.with(maximumConnections: 8) { database in
            var configuration = EventProcessor.Configuration()
            configuration.firstRetry = .seconds(600)
            let harness = ProcessorHarness(database, configuration: configuration) { router, _ in router.register(ScriptedHandler.gated) }
            try await running {
                try await harness.retries(.slow).run()
            } _: {
                let rounds = 150
                for round in 0..<rounds {
                    let user = UserID()
                    let events = (0..<3).map { _ in MessagingFixture.event(user) }
                    async let waits: Void = harness.process(events, from: Int64(3 * round))
                    async let opens: Void = harness.open([user])
                    if retriesRunToo { harness.wakeUp.notify() }
                    _ = try await (waits, opens)
                }
                try await eventually(within: .seconds(20), "all were handled") { try await database.effects().count == 3 * rounds }
            }
            #expect(try await database.count("messaging.parked_sequences") == 0)
        }
    }

    /// The first event waits for a gate, the second for none: a handler that does the second has overtaken the first.
    @Test func `An event that was handled before its predecessor was found waiting is taken back and waits behind it`() async throws {
        try await MessagingFixture.with { database in
            let user = UserID()
            let events = (0..<4).map { _ in MessagingFixture.event(user) }
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        batch.filter { $0.metadata.id == events[1].id }.map { WaitingEvent($0.metadata.id, for: .user(user)) }
                    }
                )
            }
            try await harness.process(events)
            #expect(try await database.effects() == [events[0].id])
            let waiting = try await database.pool.query("SELECT event_id FROM messaging.parked_events ORDER BY id").decode(EventID.self)
            #expect(waiting == events[1...].map(\.id))
        }
    }

    /// The gate opens while the waiter's transaction starts again, so that its lock is not held: what is parked then must look again.
    @Test func `An opening during the restart of an overtaken batch is not lost`() async throws {
        try await MessagingFixture.with { database in
            let user = UserID()
            let events = (0..<2).map { _ in MessagingFixture.event(user) }
            let calls = Tally()
            var configuration = EventProcessor.Configuration()
            configuration.firstRetry = .seconds(600)
            let parked = Mutex<ParkedSequences?>(nil)
            let harness = ProcessorHarness(database, configuration: configuration) { router, sequences in
                parked.withLock { $0 = sequences }
                router.register(
                    ScriptedHandler(AccountOpened.self) { _, _ in
                        // The second call is the restart's: the first transaction and its locks are gone.
                        if calls.add() == 2 {
                            let sequences = parked.withLock { $0 }
                            try await database.pool.withTransaction { transaction in
                                transaction.enqueue("INSERT INTO open_gates VALUES (\(Gate.user(user).rawValue))")
                                sequences?.open([.user(user)], in: transaction)
                            }
                        }
                        return []
                    }
                )
                router.register(
                    ScriptedHandler(UserErased.self) { batch, transaction in
                        let isOpen =
                            try await transaction.query("SELECT 1 FROM open_gates WHERE gate = \(Gate.user(user).rawValue)").count == 1
                        return batch.filter { $0.metadata.id == events[0].id && !isOpen }
                            .map { WaitingEvent($0.metadata.id, for: .user(user)) }
                    }
                )
            }
            try await running {
                try await harness.retries(.slow).run()
            } _: {
                let opened = EncodedEvent(AccountOpened(userID: UserID(), currency: .usd), causedBy: nil, trace: nil)
                try await harness.process([opened] + events)
                try await eventually(within: .seconds(5), "both were handled") { try await database.effects().count == 3 }
            }
            #expect(try await database.effects().suffix(2) == events.map(\.id))
        }
    }

    /// The waiter holds the row of a sequence that waits for one gate and comes to another gate; the opener opens both meanwhile. With one
    /// attempt each, a deadlock would be an error.
    @Test func `One who opens two gates and one who waits at both do not wait for each other`() async throws {
        try await MessagingFixture.with { database in
            let (parked, new) = (UserID(), UserID())
            let (looked, never) = (Signal(), Signal())
            let looks = Tally()
            var configuration = EventProcessor.Configuration()
            configuration.transactionAttempts = 1
            let harness = ProcessorHarness(database, configuration: configuration) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, transaction in
                        if looks.add() == 3 {
                            looked.notify()
                            // Time for the opener to come to the row.
                            await never.wait(for: .milliseconds(200))
                        }
                        return try await ScriptedHandler.gated.decide(batch, transaction)
                    }
                )
            }
            let events = [MessagingFixture.event(parked), MessagingFixture.event(parked), MessagingFixture.event(new)]
            try await harness.process([events[0]])
            #expect(looks.value == 2)
            try await running {
                try await harness.retries(.slow).run()
            } _: {
                async let waits: Void = harness.process(Array(events[1...]), from: 1)
                await looked.wait()
                try await harness.open([parked, new])
                try await waits
                try await eventually("all were handled") { try await database.effects().count == 3 }
            }
        }
    }

    /// The gate opens between the handler's two looks: asking again about the first event alone would do it after the second.
    @Test func `An opening between two looks of a handler does not turn the order round`() async throws {
        try await MessagingFixture.with { database in
            let user = UserID()
            let events = (0..<2).map { _ in MessagingFixture.event(user) }
            let calls = Tally()
            let harness = ProcessorHarness(database) { router, _ in
                router.register(
                    ScriptedHandler(UserErased.self) { batch, _ in
                        guard calls.add() == 1 else { return [] }
                        return [WaitingEvent(batch[0].metadata.id, for: .user(user))]
                    }
                )
            }
            try await running {
                try await harness.retries().run()
            } _: {
                try await harness.process(events)
                try await eventually("both were handled") { try await database.effects().count == 2 }
            }
            #expect(try await database.effects() == events.map(\.id))
        }
    }
}

extension ParkedRetries.Configuration {
    /// Every pause is too long for a test: whatever happens soon was woken.
    static var slow: Self {
        var configuration = Self()
        configuration.firstPause = .seconds(600)
        configuration.longestPause = .seconds(600)
        configuration.pollInterval = .seconds(600)
        return configuration
    }
}
