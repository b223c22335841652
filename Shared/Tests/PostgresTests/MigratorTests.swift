import Logging
import Postgres
import ServiceTesting
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A schema is brought up to date once, and never half.
@Suite struct MigratorTests {
    private let logger = Logger(label: "test")
    private let first = Migration(name: "0001_things.sql", sql: "CREATE TABLE things (id bigint); INSERT INTO things VALUES (1);")
    private let second = Migration(name: "0002_more.sql", sql: "INSERT INTO things VALUES (2); -- the end")

    private func things(_ database: TestDatabase) async throws -> [Int64] {
        try await database.pool.query("SELECT id FROM things ORDER BY id").decode(Int64.self)
    }

    @Test("What is missing is applied, in order, and only once")
    func migrate() async throws {
        try await TestDatabase.with { database async throws in
            let migrator = Migrator(set: "service", migrations: [second, first])
            #expect(try await migrator.pending(database.pool) == ["0001_things.sql", "0002_more.sql"])
            try await Migrator(set: "service", migrations: [first]).migrate(database.pool, logger: logger)
            #expect(try await migrator.pending(database.pool) == ["0002_more.sql"])
            for _ in 0..<2 { try await migrator.migrate(database.pool, logger: logger) }
            #expect(try await migrator.pending(database.pool) == [])
            #expect(try await things(database) == [1, 2])
            let recorded = try await database.pool.query("SELECT set_name, name, checksum FROM schema_migrations ORDER BY name")
            let (set, name, checksum) = try recorded[1].decode(String.self, String.self, String.self)
            #expect(
                [set, name, checksum] == ["service", "0002_more.sql", "f12b8a5e2af45563a698929cdce827523c98e31a4098afe4d4cfd744f98616f5"]
            )
        }
    }

    @Test("Instances that start at the same time migrate once")
    func concurrently() async throws {
        try await TestDatabase.with { database async throws in
            let migrator = Migrator(set: "service", migrations: [first, second])
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 { group.addTask { try await migrator.migrate(database.pool, logger: logger) } }
                try await group.waitForAll()
            }
            #expect(try await things(database) == [1, 2])
        }
    }

    @Test("Two sets live in one database")
    func sets() async throws {
        try await TestDatabase.with { database async throws in
            try await Migrator(set: "messaging", migrations: [first]).migrate(database.pool, logger: logger)
            let other = Migrator(set: "service", migrations: [Migration(name: "0001_things.sql", sql: "CREATE TABLE others (id bigint)")])
            try await other.migrate(database.pool, logger: logger)
            #expect(try await database.pool.query("SELECT id FROM others").isEmpty)
        }
    }

    @Test("A migration that was changed after it was applied is refused by name")
    func changed() async throws {
        try await TestDatabase.with { database async throws in
            try await Migrator(set: "service", migrations: [first]).migrate(database.pool, logger: logger)
            let edited = Migrator(set: "service", migrations: [Migration(name: first.name, sql: first.sql + " ")])
            let error = await expectError(.migrationMismatch) { try await edited.migrate(database.pool, logger: logger) }
            #expect(error?.message.contains("0001_things.sql") == true)
            await expectError(.migrationMismatch) { _ = try await edited.pending(database.pool) }
        }
    }

    @Test("A migration that comes before an applied one is refused by name")
    func outOfOrder() async throws {
        try await TestDatabase.with { database async throws in
            try await Migrator(set: "service", migrations: [first]).migrate(database.pool, logger: logger)
            let late = Migrator(set: "service", migrations: [Migration(name: "0000_late.sql", sql: "SELECT 1"), first])
            let error = await expectError(.migrationMismatch) { try await late.migrate(database.pool, logger: logger) }
            #expect(error?.message.contains("0000_late.sql") == true)
        }
    }

    @Test("A newer version's migrations are left in peace")
    func newer() async throws {
        try await TestDatabase.with { database async throws in
            try await Migrator(set: "service", migrations: [first, second]).migrate(database.pool, logger: logger)
            let older = Migrator(set: "service", migrations: [first])
            try await older.migrate(database.pool, logger: logger)
            #expect(try await older.pending(database.pool) == [])
        }
    }

    @Test("A migration that fails leaves nothing behind, and names itself")
    func failure() async throws {
        try await TestDatabase.with { database async throws in
            let broken = Migration(name: "0002_broken.sql", sql: "INSERT INTO things VALUES (3); SELECT * FROM nowhere;")
            let migrator = Migrator(set: "service", migrations: [first, broken])
            let error = await expectError(.undefinedTable) { try await migrator.migrate(database.pool, logger: logger) }
            #expect(error?.message.contains("0002_broken.sql") == true)
            #expect(try await things(database) == [1])
            let own = Migrator(set: "service", migrations: [first, Migration(name: "0002_own.sql", sql: "SELECT 1; COMMIT")])
            await expectError(.migrationMismatch) { try await own.migrate(database.pool, logger: logger) }
        }
    }

    @Test("The files of a folder are read in the order of their names; an empty folder is an error")
    func directory() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "migrations-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect { try Migrator(set: "s", directory: folder) } throws: { ($0 as? PostgresError)?.code == .invalidConfiguration }
        try Data("SELECT 2".utf8).write(to: folder.appending(path: "0002_b.sql"))
        try Data("SELECT 1".utf8).write(to: folder.appending(path: "0001_a.sql"))
        try Data("no".utf8).write(to: folder.appending(path: "README.md"))
        let migrator = try Migrator(set: "s", directory: folder)
        #expect(migrator.migrations == [.init(name: "0001_a.sql", sql: "SELECT 1"), .init(name: "0002_b.sql", sql: "SELECT 2")])
        #expect { try Migrator(set: "s", directory: folder.appending(path: "none")) } throws: {
            ($0 as? PostgresError)?.code == .invalidConfiguration
        }
    }
}
