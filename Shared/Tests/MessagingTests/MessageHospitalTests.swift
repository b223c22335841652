import EventContracts
import Kafka
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

/// What was given up can be looked at, repaired, tried again in its place, or given up for good.
@Suite(.enabled(if: TestDatabase.isAvailable))
struct MessageHospitalTests {
    private let nurse = MessageHospital.Operator(name: "nurse", requestID: "r-1")

    @Test func `A letter that is resubmitted is handled before the followers that waited behind it`() async throws {
        try await Ward.with { ward in
            let user = UserID()
            let events = (0..<3).map { _ in MessagingFixture.event(user) }
            ward.fail([events[0].id])
            try await ward.giveUp(events)
            ward.fail([])
            let letter = try await ward.letters()[0]
            #expect(letter.eventID == events[0].id && letter.status == .dead && letter.parkedBehind == 2 && letter.attempts == 2)
            try await ward.database.pool.withTransaction { try await ward.hospital.retry(letter.id, by: nurse, in: $0) }
            try await ward.retrying {
                try await eventually("all were handled") { try await ward.database.count("messaging.parked_sequences") == 0 }
            }
            #expect(try await ward.database.effects() == events.map(\.id))
            let (after, history) = try #require(try await ward.hospital.find(letter.id, from: ward.database.pool))
            #expect(after.status == .handled && after.resubmissions == 1)
            #expect(history.map(\.action) == ["resubmitted"] && history[0].operatorName == "nurse" && history[0].requestID == "r-1")
        }
    }

    @Test func `A letter that dies again is the same letter, and is refused after the fifth time`() async throws {
        try await Ward.with { ward in
            let event = MessagingFixture.event()
            ward.fail([event.id])
            try await ward.giveUp([event])
            let id = try await ward.letters()[0].id
            try await ward.retrying {
                for time in 1...MessageHospital.maximumResubmissions {
                    try await ward.database.pool.withTransaction { try await ward.hospital.retry(id, by: nurse, in: $0) }
                    try await eventually("it is dead again") {
                        let letters = try await ward.letters()
                        return letters.count == 1 && letters[0].status == .dead && letters[0].attempts == 2 * (time + 1)
                    }
                }
            }
            await #expect(throws: HospitalRefusal.resubmittedTooOften(5)) {
                try await ward.database.pool.withTransaction { try await ward.hospital.retry(id, by: nurse, in: $0) }
            }
            #expect(try await ward.database.effects().isEmpty)
        }
    }

    @Test func `An edited copy is an event of its own, caused by the original, and takes its place`() async throws {
        try await Ward.with { ward in
            let user = UserID()
            let events = (0..<2).map { _ in MessagingFixture.event(user) }
            ward.fail([events[0].id])
            try await ward.giveUp(events)
            let original = try await ward.letters()[0]
            let payload = Array(#"{"user_id":"\#(user)","repaired":true}"#.utf8)
            let copy = try await ward.database.pool.withTransaction {
                try await ward.hospital.edit(original.id, payload: payload, by: nurse, in: $0)
            }
            #expect(copy.id != original.id && copy.eventID != original.eventID && copy.value == payload && copy.repairs == original.id)
            let causation = copy.headers.first { $0.name == EventHeaderName.causationID }.map { String(decoding: $0.value, as: UTF8.self) }
            #expect(causation == events[0].id.description)
            #expect(try await ward.letters().map(\.status) == [.dead, .repaired])
            await #expect(throws: HospitalRefusal.notDead(.repaired)) {
                try await ward.database.pool.withTransaction { try await ward.hospital.retry(original.id, by: nurse, in: $0) }
            }
            try await ward.database.pool.withTransaction { try await ward.hospital.retry(copy.id, by: nurse, in: $0) }
            try await ward.retrying {
                try await eventually("both were handled") { try await ward.database.effects().count == 2 }
            }
            #expect(try await ward.database.effects() == [try #require(copy.eventID), events[1].id])
        }
    }

    @Test func `A payload that no handler can read is refused, and changes nothing`() async throws {
        try await Ward.with { ward in
            let event = MessagingFixture.event()
            ward.fail([event.id])
            try await ward.giveUp([event])
            let id = try await ward.letters()[0].id
            await #expect(throws: HospitalRefusal.self) {
                try await ward.database.pool.withTransaction {
                    _ = try await ward.hospital.edit(id, payload: Array("{}".utf8), by: nurse, in: $0)
                }
            }
            let letters = try await ward.letters()
            #expect(letters.count == 1 && letters[0].status == .dead && letters[0].value == event.payload)
            #expect(try await ward.database.count("messaging.dead_letter_audit") == 0)
        }
    }

    @Test func `Discarding lets the followers go on, and frees the sequence when there are none`() async throws {
        try await Ward.with { ward in
            let users = [UserID(), UserID()]
            let (first, follower, alone) = (
                MessagingFixture.event(users[0]), MessagingFixture.event(users[0]), MessagingFixture.event(users[1])
            )
            ward.fail([first.id, alone.id])
            try await ward.giveUp([first, follower, alone])
            for letter in try await ward.letters() {
                try await ward.database.pool.withTransaction { try await ward.hospital.discard(letter.id, by: nurse, in: $0) }
            }
            try await ward.retrying {
                try await eventually("nothing is parked") { try await ward.database.count("messaging.parked_sequences") == 0 }
            }
            #expect(try await ward.database.effects() == [follower.id])
            #expect(try await ward.letters().allSatisfy { $0.status == .discarded })
            await #expect(throws: HospitalRefusal.notDead(.discarded)) {
                let id = try await ward.letters()[0].id
                try await ward.database.pool.withTransaction { try await ward.hospital.discard(id, by: nurse, in: $0) }
            }
        }
    }

    @Test func `A record that nobody could read is repaired by an edit, and handled once`() async throws {
        try await Ward.with { ward in
            let user = UserID()
            let event = MessagingFixture.event(user)
            let good = event.consumed(offset: 0)
            let broken = ConsumedRecord(
                topic: good.topic,
                partition: 0,
                offset: 0,
                timestampMilliseconds: 0,
                key: good.key,
                value: Array("{broken".utf8),
                headers: good.headers
            )
            try await ward.processor.process([broken])
            let letter = try await ward.letters()[0]
            #expect(letter.eventID == nil && letter.status == .dead)
            await #expect(throws: HospitalRefusal.self) {
                try await ward.database.pool.withTransaction { try await ward.hospital.retry(letter.id, by: nurse, in: $0) }
            }
            let copy = try await ward.database.pool.withTransaction {
                try await ward.hospital.edit(letter.id, payload: event.payload, by: nurse, in: $0)
            }
            try await ward.database.pool.withTransaction { try await ward.hospital.retry(copy.id, by: nurse, in: $0) }
            try await ward.retrying {
                try await eventually("it was handled") { try await ward.letters().contains { $0.status == .handled } }
            }
            #expect(try await ward.database.effects() == [try #require(copy.eventID)])
            #expect(try await ward.database.count("messaging.parked_sequences") == 0)
        }
    }

    @Test func `Many are resubmitted at a rate, and a dry run only tells which`() async throws {
        try await Ward.with { ward in
            let events = (0..<10).map { _ in MessagingFixture.event() }
            ward.fail(Set(events.map(\.id)))
            try await ward.giveUp(events)
            ward.fail([])
            let would = try await ward.hospital.retryAll(DeadLetterFilter(), rate: 1, isDryRun: true, by: nurse, in: ward.database.pool)
            #expect(would.resubmitted.count == 10 && would.refused.isEmpty)
            #expect(try await ward.letters().allSatisfy { $0.status == .dead })
            let none = try await ward.hospital.retryAll(
                DeadLetterFilter(error: "no such error"),
                rate: 1,
                isDryRun: false,
                by: nurse,
                in: ward.database.pool
            )
            #expect(none.resubmitted.isEmpty)
            let bulk = try await ward.hospital.retryAll(
                DeadLetterFilter(error: "bROKEN"),
                rate: 2,
                isDryRun: false,
                by: nurse,
                in: ward.database.pool
            )
            #expect(bulk.resubmitted == would.resubmitted)
            let pauses = try await ward.database.pool.query(
                "SELECT (extract(epoch FROM next_attempt_at - parked_at) * 1000)::bigint FROM messaging.parked_sequences ORDER BY next_attempt_at"
            ).decode(Int64.self)
            #expect(pauses == (0..<10).map { $0 * 500 })
        }
    }

    @Test func `Letters are filtered, paged and grouped by their error`() async throws {
        try await Ward.with { ward in
            let user = UserID()
            let events = [MessagingFixture.event(user)] + (0..<6).map { _ in MessagingFixture.event() }
            ward.fail(Set(events.map(\.id)))
            try await ward.giveUp(events)
            let pool = ward.database.pool
            var seen: [DeadLetterID] = []
            var last: (Timestamp, DeadLetterID)?
            for _ in 0..<3 {
                let page = try await ward.hospital.list(DeadLetterFilter(status: .dead), before: last, limit: 3, from: pool).letters
                seen += page.map(\.id)
                last = page.last.map { ($0.diedAt, $0.id) }
            }
            #expect(seen.count == 7 && Set(seen).count == 7)
            let mine = try await ward.hospital.list(DeadLetterFilter(key: user.description), limit: 10, from: pool)
            #expect(mine.letters.map(\.eventID) == [events[0].id] && mine.groups.map(\.count) == [1])
            let all = try await ward.hospital.list(DeadLetterFilter(), limit: 10, from: pool)
            #expect(all.groups.count == 1 && all.groups[0].count == 7 && all.groups[0].error.contains("Broken"))
            #expect(try await ward.hospital.list(DeadLetterFilter(status: .handled), limit: 10, from: pool).letters.isEmpty)
            #expect(try await ward.hospital.find(DeadLetterID(), from: pool) == nil)
        }
    }

    /// Everybody wants the same letter at once: one gets it.
    @Test func `Of many who resubmit a letter at once, one does`() async throws {
        try await Ward.with { ward in
            let event = MessagingFixture.event()
            ward.fail([event.id])
            try await ward.giveUp([event])
            ward.fail([])
            let id = try await ward.letters()[0].id
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do {
                            try await ward.database.pool.withTransaction { try await ward.hospital.retry(id, by: nurse, in: $0) }
                            return true
                        } catch is HospitalRefusal {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 }.count == 1)
            #expect(try await ward.database.count("messaging.parked_events") == 1)
        }
    }
}

/// A hospital, and a processor whose failing events end in it.
private struct Ward: Sendable {
    let database: TestDatabase
    let processor: EventProcessor
    let hospital: MessageHospital
    private let harness: ProcessorHarness
    private let failing: Failing

    private final class Failing: Sendable {
        let ids = Mutex<Set<EventID>>([])
    }

    static func with(_ body: (Ward) async throws -> Void) async throws {
        try await MessagingFixture.with(maximumConnections: 8) { try await body(Ward($0)) }
    }

    private init(_ database: TestDatabase) {
        let failing = Failing()
        var once = EventProcessor.Configuration()
        once.attemptsInPlace = 1
        once.firstRetry = .milliseconds(1)
        let harness = ProcessorHarness(database, configuration: once) { router, _ in
            router.register(
                ScriptedHandler(UserErased.self) { batch, _ in
                    if batch.contains(where: { event in failing.ids.withLock { $0.contains(event.metadata.id) } }) { throw Broken() }
                    return []
                }
            )
        }
        self.database = database
        self.harness = harness
        self.failing = failing
        processor = harness.processor
        hospital = MessageHospital(router: harness.router, parked: harness.parked, wakeUp: harness.wakeUp)
    }

    func fail(_ events: Set<EventID>) {
        failing.ids.withLock { $0 = events }
    }

    /// Runs the retries, which give up after the second attempt.
    func retrying(_ body: () async throws -> Void) async throws {
        var quick = ParkedRetries.Configuration()
        quick.firstPause = .milliseconds(1)
        quick.longestPause = .milliseconds(5)
        quick.maximumAttempts = 2
        quick.pollInterval = .seconds(600)
        let retries = harness.retries(quick)
        try await running {
            try await retries.run()
        } _: {
            try await body()
        }
    }

    /// Processes events until those that fail are dead.
    func giveUp(_ events: [EncodedEvent]) async throws {
        try await harness.process(events)
        let count = failing.ids.withLock { $0.count }
        try await retrying {
            try await eventually("the failing ones are dead") { try await harness.states().filter { $0 == "dead" }.count == count }
        }
    }

    func letters() async throws -> [DeadLetter] {
        try await hospital.list(DeadLetterFilter(), limit: 100, from: database.pool).letters
    }
}
