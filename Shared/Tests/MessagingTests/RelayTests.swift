import EventContracts
import Kafka
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Messaging

/// The relay between a real database and a real broker.
@Suite(.enabled(if: TestDatabase.isAvailable && TestBroker.isAvailable))
struct RelayTests {
    private func prepared(
        partitions: Int32 = 1,
        _ body: (TestDatabase, TestBroker, _ topic: String) async throws -> Void
    ) async throws {
        try await MessagingFixture.with { database in
            let broker = try TestBroker()
            let topic = broker.name("events")
            try await broker.createTopic(topic, partitions: partitions)
            try await body(database, broker, topic)
        }
    }

    @Test func `What was committed is published as it was encoded, each key's events in their order`() async throws {
        try await prepared(partitions: 3) { database, broker, topic in
            let instance = RelayInstance("a", database, broker)
            let users = (0..<7).map { _ in UserID() }
            let events = (0..<300).map { MessagingFixture.event(users[$0 % 7], topic: topic) }
            try await instance.append(Array(events[..<150]))
            try await running {
                try await instance.run()
            } _: {
                for start in stride(from: 150, to: 300, by: 10) { try await instance.append(Array(events[start..<start + 10])) }
                try await database.published(upTo: 300)
            }
            let records = try await broker.records(in: topic)
            #expect(records.count == 300)
            let byID = Dictionary(uniqueKeysWithValues: events.map { ($0.id, $0) })
            for record in records {
                let event = try #require(record.eventID.flatMap { byID[$0] })
                #expect(record.key == Array(event.key.rawValue.utf8))
                #expect(record.value == event.payload)
                #expect(record.headers == event.headers.map { KafkaHeader(name: $0.name, value: $0.value) })
            }
            for user in users {
                let key = PartitionKey(user)
                let own = records.filter { $0.key == Array(key.rawValue.utf8) }.compactMap(\.eventID)
                #expect(own == events.filter { $0.key == key }.map(\.id))
            }
        }
    }

    @Test func `What commits late is published when it commits, and the position waits for it`() async throws {
        try await prepared { database, broker, topic in
            let instance = RelayInstance("a", database, broker)
            let (late, early) = (MessagingFixture.event(topic: topic), MessagingFixture.event(topic: topic))
            let listener = try TopicListener(topic, broker)
            try await running {
                try await listener.run()
            } _: {
                try await running {
                    try await instance.run()
                } _: {
                    try await database.pool.withTransaction { transaction in
                        instance.outbox.append([late], in: transaction)
                        _ = try await transaction.query("SELECT 1")
                        try await instance.append([early])
                        try await eventually("the early one is published") { listener.events == [early.id] }
                        #expect(try await database.relayPosition() == 0)
                    }
                    try await eventually("the late one is published") { listener.events == [early.id, late.id] }
                    try await database.published(upTo: 2)
                }
            }
        }
    }

    @Test func `One leads, the other stands by, and takes over as soon as the first lets go`() async throws {
        try await prepared { database, broker, topic in
            let (first, second) = (RelayInstance("first", database, broker), RelayInstance("second", database, broker))
            try await running {
                try await second.listen()
            } _: {
                let leader = Task { try await first.run() }
                try await eventually("the first leads") { try await database.relayOwner() == "first" }
                try await running {
                    try await second.run()
                } _: {
                    try await first.append([MessagingFixture.event(topic: topic)])
                    try await database.published(upTo: 1)
                    #expect(try await database.relayOwner() == "first")
                    leader.cancel()
                    _ = await leader.result
                    // Neither the lease nor a poll ends within a minute.
                    try await eventually(within: .seconds(10), "the second leads") { try await database.relayOwner() == "second" }
                    try await second.append([MessagingFixture.event(topic: topic)])
                    try await database.published(upTo: 2)
                }
            }
            #expect(try await broker.records(in: topic).count == 2)
        }
    }

    @Test func `A leader that died is succeeded when its lease has run out`() async throws {
        try await prepared { database, broker, topic in
            _ = try #require(try await RelayLease(owner: "dead", duration: .milliseconds(400)).acquire(from: database.pool))
            let heir = RelayInstance("heir", database, broker, poll: .milliseconds(50))
            try await running {
                try await heir.run()
            } _: {
                try await heir.append([MessagingFixture.event(topic: topic)])
                #expect(try await database.relayOwner() == "dead")
                try await database.published(upTo: 1)
                #expect(try await database.relayOwner() == "heir")
            }
        }
    }

    /// Every write of a position fails for a while, as if the leader were killed each time between the broker's report and that write.
    @Test func `A leader that ends before it wrote its position repeats and never skips`() async throws {
        try await prepared { database, broker, topic in
            _ = try await database.pool.query("CREATE TABLE refusals (id bigint)")
            _ = try await database.pool.query(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.position > OLD.position AND NOT EXISTS (SELECT 1 FROM refusals) THEN RAISE EXCEPTION 'killed'; END IF;
                    RETURN NEW;
                END $$
                """
            )
            _ = try await database.pool.query(
                "CREATE TRIGGER refuse BEFORE UPDATE ON messaging.relay FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
            let terms = Tally()
            let instance = RelayInstance("a", database, broker) { terms.add() }
            let events = (0..<20).map { _ in MessagingFixture.event(topic: topic) }
            try await instance.append(events)
            try await running {
                try await instance.run()
            } _: {
                try await eventually(within: .seconds(30), "three terms have ended so") { terms.value > 3 }
                #expect(try await database.relayPosition() == 0)
                _ = try await database.pool.query("INSERT INTO refusals VALUES (1)")
                try await database.published(upTo: 20)
            }
            let published = try await broker.records(in: topic).compactMap(\.eventID)
            #expect(published.count >= 60, "each term published all of it")
            #expect(published.count % 20 == 0)
            for start in stride(from: 0, to: published.count - 19, by: 20) {
                #expect(Array(published[start..<start + 20]) == events.map(\.id))
            }
        }
    }

    /// The lease goes to another owner while the producer is made.
    @Test func `A leader whose lease ran out before its first read publishes nothing`() async throws {
        try await prepared { database, broker, topic in
            let stolen = Tally()
            let instance = RelayInstance("slow", database, broker) {
                _ = try await database.pool.query(
                    "UPDATE messaging.relay SET owner = 'thief', epoch = epoch + 1, lease_expires_at = clock_timestamp() + interval '1 hour'"
                )
                stolen.add()
            }
            try await instance.append([MessagingFixture.event(topic: topic)])
            try await running {
                try await instance.run()
            } _: {
                try await eventually("the lease was stolen") { stolen.value == 1 }
                // It gave up its term, so it leads again once the lease is free.
                _ = try await database.pool.query("UPDATE messaging.relay SET owner = NULL WHERE owner = 'thief'")
                try await eventually("it asks for the lease again") {
                    instance.leadershipFree.notify()
                    return stolen.value == 2
                }
            }
            #expect(try await broker.records(in: topic).isEmpty)
        }
    }

    @Test func `A lease shorter than the poll interval is renewed in time`() async throws {
        try await prepared { database, broker, topic in
            let terms = Tally()
            let instance = RelayInstance("a", database, broker, lease: .milliseconds(900), poll: .seconds(60)) { terms.add() }
            let rival = RelayLease(owner: "rival", duration: .seconds(60))
            try await running {
                try await instance.run()
            } _: {
                try await eventually("it leads") { terms.value == 1 }
                var renewals: Set<Int64> = []
                try await eventually("the lease was renewed several times") {
                    #expect(try await rival.acquire(from: database.pool) == nil)
                    renewals.insert(
                        try await database.pool.query("SELECT (extract(epoch FROM lease_expires_at) * 1000)::bigint FROM messaging.relay")
                            .decode(Int64.self)[0]
                    )
                    return renewals.count > 5
                }
            }
        }
    }

    @Test(.enabled(if: TestBroker.hasGate))
    func `A broker that is away loses nothing and changes no order`() async throws {
        try await prepared { database, broker, topic in
            let instance = RelayInstance("a", database, broker)
            let events = (0..<60).map { _ in MessagingFixture.event(topic: topic) }
            try await running {
                try await instance.run()
            } _: {
                try await instance.append(Array(events[..<20]))
                try await database.published(upTo: 20)
                try await broker.gate().refuse(for: .seconds(1))
                for event in events[20...] { try await instance.append([event]) }
                try await database.published(upTo: 60)
            }
            var seen: Set<EventID> = []
            let firsts = try await broker.records(in: topic).compactMap(\.eventID).filter { seen.insert($0).inserted }
            #expect(firsts == events.map(\.id))
        }
    }

    /// No poll ends within a minute, so only a wake-up can have brought the event to the broker.
    @Test(arguments: [false, true])
    func `A commit wakes the relay at once`(fromAnotherProcess: Bool) async throws {
        try await prepared { database, broker, topic in
            let leader = RelayInstance("leader", database, broker)
            let other = RelayInstance("other", database, broker)
            let writer = fromAnotherProcess ? other : leader
            let listener = try TopicListener(topic, broker)
            try await running {
                try await listener.run()
            } _: {
                try await running {
                    if fromAnotherProcess { try await leader.listen() }
                } _: {
                    try await running {
                        try await leader.run()
                    } _: {
                        try await eventually("it leads") { try await database.relayOwner() == "leader" }
                        var times: [Duration] = []
                        for _ in 0..<11 {
                            let event = MessagingFixture.event(topic: topic)
                            let start = ContinuousClock.now
                            try await writer.append([event])
                            try await eventually("the event came") { listener.events.last == event.id }
                            times.append(start.duration(to: .now))
                        }
                        #expect(times.sorted()[5] < .milliseconds(250), "\(times)")
                    }
                }
            }
        }
    }
}
