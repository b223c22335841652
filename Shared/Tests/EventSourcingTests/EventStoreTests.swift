import EventContracts
import EventSourcing
import Postgres
import ServiceTesting
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite(.enabled(if: TestDatabase.isAvailable))
struct EventStoreTests {
    private let store = EventStore<CounterFact>(table: "counter_facts")

    private func withTable(_ body: (PostgresPool) async throws -> Void) async throws {
        let schema = Migrator(
            set: "tests",
            migrations: [
                Migration(
                    name: "0001_facts.sql",
                    sql: """
                        CREATE TABLE counter_facts (
                            stream uuid NOT NULL, version bigint NOT NULL, id uuid NOT NULL, kind text NOT NULL,
                            schema_version integer NOT NULL, payload text NOT NULL, occurred_at timestamptz NOT NULL, unique_key uuid UNIQUE,
                            PRIMARY KEY (stream, version))
                        """
                )
            ]
        )
        try await TestDatabase.with(migrators: [schema]) { try await body($0.pool) }
    }

    private func fact(_ stream: UUID, _ version: Int64, _ fact: CounterFact, key: UUID? = nil) -> Recorded<CounterFact> {
        Recorded(
            stream: stream,
            version: version,
            id: EventID().uuid,
            occurredAt: Timestamp(microseconds: 1_700_000_000_000_000 + version),
            fact: fact,
            uniqueKey: key
        )
    }

    private func load(_ streams: [UUID], upTo version: Int64 = .max, _ pool: PostgresPool) async throws -> [Recorded<CounterFact>] {
        try store.decode(try await pool.query(store.facts(of: streams, upTo: version)))
    }

    @Test func `What is appended is loaded as it was, each stream in order`() async throws {
        try await withTable { pool in
            let streams = [EventID().uuid, EventID().uuid]
            let key = EventID().uuid
            let facts = [
                fact(streams[0], 1, .counted(5)), fact(streams[1], 1, .counted(-7), key: key), fact(streams[0], 2, .cleared),
                fact(streams[0], 3, .counted(.max)),
            ]
            _ = try await pool.query(store.append(facts))
            let loaded = try await load(streams, pool)
            #expect(loaded.map(\.stream) == [streams[0], streams[0], streams[0], streams[1]])
            #expect(loaded.map(\.version) == [1, 2, 3, 1])
            #expect(loaded.map(\.fact) == [.counted(5), .cleared, .counted(.max), .counted(-7)])
            #expect(loaded.map(\.id) == [0, 2, 3, 1].map { facts[$0].id })
            #expect(loaded.map(\.occurredAt) == [0, 2, 3, 1].map { facts[$0].occurredAt })
            #expect(loaded.map(\.uniqueKey) == [nil, nil, nil, key])
        }
    }

    @Test func `The state of any version is had from the facts up to it`() async throws {
        try await withTable { pool in
            let stream = EventID().uuid
            _ = try await pool.query(store.append((1...5).map { fact(stream, $0, $0 == 3 ? .cleared : .counted($0)) }))
            for (version, total) in [(0, 0), (1, 1), (2, 3), (3, 0), (4, 4), (5, 9)] as [(Int64, Int64)] {
                var counter = Counter()
                for recorded in try await load([stream], upTo: version, pool) { counter.apply(recorded) }
                #expect(counter.total == total)
                #expect(counter.version == version)
            }
        }
    }

    @Test func `Pages run from the newest fact to the first`() async throws {
        try await withTable { pool in
            let stream = EventID().uuid
            _ = try await pool.query(store.append((1...5).map { fact(stream, $0, .counted($0)) } + [fact(EventID().uuid, 1, .cleared)]))
            var before = Int64.max
            var pages: [[Int64]] = []
            while true {
                let page = try store.decode(try await pool.query(store.newestFacts(of: stream, before: before, limit: 2))).map(\.version)
                guard let last = page.last else { break }
                pages.append(page)
                before = last
            }
            #expect(pages == [[5, 4], [3, 2], [1]])
        }
    }

    @Test func `Of two writers that saw the same version one fails, with all that it appended`() async throws {
        try await withTable { pool in
            let (stream, other) = (EventID().uuid, EventID().uuid)
            _ = try await pool.query(store.append([fact(stream, 1, .counted(1))]))
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.query(store.append([fact(other, 1, .counted(2)), fact(stream, 1, .counted(3))]))
            }
            #expect(error?.code == .uniqueViolation)
            #expect(try await load([stream, other], pool).map(\.fact) == [.counted(1)])
        }
    }

    @Test func `Writers that race for one version: exactly one wins`() async throws {
        try await withTable { pool async throws in
            let stream = EventID().uuid
            let wins = await withTaskGroup(of: Bool.self) { group in
                for amount in 0..<12 {
                    group.addTask { (try? await pool.query(store.append([fact(stream, 1, .counted(Int64(amount)))]))) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wins == 1)
            #expect(try await load([stream], pool).count == 1)
        }
    }

    @Test func `A unique key is taken once, whatever the stream`() async throws {
        try await withTable { pool in
            let keys = (0..<3).map { _ in EventID().uuid }
            _ = try await pool.query(
                store.append([fact(EventID().uuid, 1, .counted(1), key: keys[0]), fact(EventID().uuid, 1, .counted(1), key: keys[1])])
            )
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.query(store.append([fact(EventID().uuid, 1, .counted(2), key: keys[0])]))
            }
            #expect(error?.code == .uniqueViolation)
            #expect(error?.constraint == "counter_facts_unique_key_key")
            let taken = try await pool.query(store.taken(keys)).decode(UUID.self)
            #expect(Set(taken) == Set(keys[..<2]))
        }
    }

    @Test func `A fact of an older form is brought up to date when it is read, and stays as it was`() async throws {
        try await withTable { pool in
            let (stream, id) = (EventID().uuid, EventID().uuid)
            _ = try await pool.query(
                "INSERT INTO counter_facts VALUES (\(stream), 1, \(id), 'counted', 1, '{\"n\":9}', now(), NULL)"
            )
            #expect(try await load([stream], pool).map(\.fact) == [.counted(9)])
            #expect(try await pool.query("SELECT payload FROM counter_facts").decode(String.self) == ["{\"n\":9}"])
        }
    }

    @Test(arguments: [("unheard_of", 2, "{}"), ("counted", 3, "{\"amount\":1}"), ("counted", 2, "{\"n\":1}"), ("counted", 2, "no JSON")])
    func `A fact that cannot be read is an error and no guess`(kind: String, version: Int, payload: String) async throws {
        try await withTable { pool in
            let (stream, id) = (EventID().uuid, EventID().uuid)
            _ = try await pool.query(
                "INSERT INTO counter_facts VALUES (\(stream), 1, \(id), \(kind), \(Int32(version)), \(payload), now(), NULL)"
            )
            let error = await #expect(throws: PostgresError.self) { try await load([stream], pool) }
            #expect(error?.code == .decoding)
        }
    }
}
