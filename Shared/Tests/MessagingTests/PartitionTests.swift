import EventContracts
import Postgres
import ServiceTesting
import Testing

@testable import Messaging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite(.enabled(if: TestDatabase.isAvailable))
struct PartitionTests {
    private func partitions(of table: String, _ database: TestDatabase) async throws -> [String] {
        try await database.pool.query(
            """
            SELECT c.relname::text FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
            WHERE inhparent = \(table)::text::regclass ORDER BY c.relname
            """
        ).decode(String.self)
    }

    @Test func `A week's events and inbox rows are in its partition`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(UserErased.self)) }
            try await harness.process([MessagingFixture.event()])
            try await database.pool.withTransaction { Outbox(relayWakeUp: Signal()).append([MessagingFixture.event()], in: $0) }
            for table in ["events", "inbox"] {
                #expect(try await partitions(of: "messaging.\(table)", database).count == 6)
                #expect(try await database.count("messaging.\(table)") == 1)
                #expect(try await database.count("messaging.\(table)_default") == 0)
            }
        }
    }

    /// After a month without a service, its first rows may come before its partitions.
    @Test func `Rows in the default partition do not keep the coming weeks from getting theirs`() async throws {
        try await MessagingFixture.with { database in
            for table in ["events", "inbox"] {
                for partition in try await partitions(of: "messaging.\(table)", database) where partition != "\(table)_default" {
                    _ = try await database.pool.query("DROP TABLE messaging.\(unescaped: partition)")
                }
            }
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(UserErased.self)) }
            let event = MessagingFixture.event()
            try await harness.process([event])
            try await database.pool.withTransaction { Outbox(relayWakeUp: Signal()).append([MessagingFixture.event()], in: $0) }
            _ = try await database.pool.query("SELECT messaging.ensure_partitions(4)")
            for table in ["events", "inbox"] {
                #expect(try await partitions(of: "messaging.\(table)", database).count == 5, "the coming four and the default one")
                #expect(try await database.count("messaging.\(table)") == 1)
            }
            try await harness.process([event])
            #expect(try await database.effects() == [event.id], "a repeat still meets the row of the first")
        }
    }

    @Test func `An event with an id of any time is handled once`() async throws {
        try await MessagingFixture.with { database in
            let harness = ProcessorHarness(database) { router, _ in router.register(ScriptedHandler(UserErased.self)) }
            let events = [
                "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "2b1e6a2e-8a0c-4c58-9d6e-0f5a3a9b7c11",
            ]
            .compactMap { EventID($0) }.map { MessagingFixture.event(id: $0) }
            #expect(events.count == 3)
            try await harness.process(events)
            try await harness.process(events, from: 3)
            #expect(try await database.effects() == events.map(\.id))
        }
    }
}
