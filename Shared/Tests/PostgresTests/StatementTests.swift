import Postgres
import ServiceTesting
import Testing

@testable import struct Postgres.StatementCache

/// Statements are prepared once per connection, and a schema that changes under them does no harm.
@Suite struct StatementTests {
    private func preparedCount(_ connection: PostgresConnection) async throws -> Int64 {
        try await connection.query("SELECT count(*) FROM pg_prepared_statements").decode(Int64.self)[0]
    }

    @Test("The same text is prepared once, whatever the values")
    func preparedOnce() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withConnection { connection async throws in
                for value in 0..<10 { _ = try await connection.query("SELECT \(Int64(value))") }
                #expect(try await preparedCount(connection) == 2)
            }
        }
    }

    @Test("However many texts there are, few stay prepared, in a transaction too")
    func bounded() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withConnection { connection async throws in
                for value in 0..<600 {
                    #expect(try await connection.query("SELECT \(unescaped: "\(value)")::bigint").decode(Int64.self) == [Int64(value)])
                }
                #expect(try await preparedCount(connection) <= 257)
                try await connection.withTransaction { transaction in
                    for value in 600..<1000 {
                        let rows = try await transaction.query("SELECT \(unescaped: "\(value)")::bigint")
                        #expect(try rows.decode(Int64.self) == [Int64(value)])
                    }
                }
                #expect(try await preparedCount(connection) <= 257)
            }
        }
    }

    @Test("A statement whose result type changed is prepared anew, alone or at the start of a transaction")
    func stalePlan() async throws {
        try await TestDatabase.with(maximumConnections: 1) { database async throws in
            let pool = database.pool
            _ = try await pool.query("CREATE TABLE things AS SELECT 1::bigint AS id")
            let everything: SQL = "SELECT * FROM things"
            #expect(try await pool.query(everything).decode(Int64.self) == [1])
            _ = try await pool.query("ALTER TABLE things ADD COLUMN name text DEFAULT 'one'")
            let (id, name) = try await pool.query(everything)[0].decode(Int64.self, String.self)
            #expect(id == 1 && name == "one")
            _ = try await pool.query("ALTER TABLE things DROP COLUMN name")
            let rows = try await pool.withTransaction { transaction in
                transaction.enqueue("INSERT INTO things VALUES (2)")
                return try await transaction.query(everything)
            }
            #expect(try rows.decode(Int64.self) == [1, 2])
            #expect(try await pool.query("SELECT count(*) FROM things").decode(Int64.self) == [2])
            #expect(pool.statistics.connectionsOpened == 1)
        }
    }

    @Test("A statement that became stale in the middle of a transaction fails it, to be tried again")
    func stalePlanInTransaction() async throws {
        try await TestDatabase.with(maximumConnections: 1) { database async throws in
            let pool = database.pool
            _ = try await pool.query("CREATE TABLE things AS SELECT 1::bigint AS id")
            _ = try await pool.query("SELECT * FROM things")
            func attempt() async throws {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.query("ALTER TABLE things ADD COLUMN IF NOT EXISTS name text")
                    _ = try await transaction.query("SELECT * FROM things")
                }
            }
            let error = await expectError(.stalePlan) { try await attempt() }
            #expect(error?.isRetriable == true)
            try await attempt()
        }
    }

    @Test("Statements that somebody deallocated are prepared anew")
    func deallocated() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withConnection { connection async throws in
                _ = try await connection.query("SELECT 1")
                try await connection.run(script: "DEALLOCATE ALL")
                #expect(try await connection.query("SELECT 1").count == 1)
            }
        }
    }

    @Test("How many rows a statement touched is told")
    func affectedRows() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            #expect(try await pool.query("CREATE TABLE things (id bigint)").affectedRows == 0)
            #expect(try await pool.query("INSERT INTO things SELECT generate_series(1, 5)").affectedRows == 5)
            #expect(try await pool.query("UPDATE things SET id = 0 WHERE id > 3").affectedRows == 2)
            #expect(try await pool.query("SELECT id FROM things WHERE id = 0").affectedRows == 2)
            #expect(try await pool.query("").isEmpty)
        }
    }

    @Test("The cache names statements once, forgets what failed, and refuses more than its limit")
    func cache() {
        func key(_ text: String, _ types: [PostgresOID] = []) -> StatementCache.Key { .init(text: text, types: types) }
        var cache = StatementCache(limit: 2)
        #expect(cache.plan(for: key("a")) == .prepare("s1"))
        #expect(cache.plan(for: key("a")) == .run("s1"))
        #expect(cache.plan(for: key("a", [20])) == .prepare("s2"))
        #expect(cache.plan(for: key("b")) == .unprepared)
        #expect(cache.needsReset)
        cache.forget(key("a"))
        #expect(!cache.needsReset)
        #expect(cache.plan(for: key("a")) == .prepare("s3"))
        cache.forgetAll()
        cache.distrust()
        #expect(cache.needsReset)
        cache.forgetAll()
        #expect(!cache.needsReset)
        #expect(cache.plan(for: key("a")) == .prepare("s4"))
    }

    @Test("What is interpolated becomes a parameter, and what is unescaped becomes text")
    func interpolation() {
        let name: String? = nil
        let sql: SQL = "SELECT \(unescaped: "id") FROM t WHERE a = \(Int64(1)) AND b = \(name) AND c = \(true)"
        #expect(sql.text == "SELECT id FROM t WHERE a = $1 AND b = $2 AND c = $3")
        #expect(sql.parameters.map(\.type) == [20, 25, 16])
        #expect(sql.parameters.map(\.value) == [[0, 0, 0, 0, 0, 0, 0, 1], nil, [1]])
        #expect("\(sql)" == sql.text)
    }
}
