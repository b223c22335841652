import Postgres
import ServiceTesting
import Testing

/// A statement is stopped on the server when nobody waits for it any more, or it takes too long.
@Suite struct CancellationTests {
    private func isRunning(_ pool: PostgresPool, _ marker: String) async throws -> Bool {
        try await !pool.query(
            """
            SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE \("%" + marker + "%")
            """
        ).isEmpty
    }

    @Test("Cancelling the task stops the statement on the server, and the connection stays usable")
    func query() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            let task = Task { try await pool.query("SELECT pg_sleep(60) /* first */") }
            try await eventually("the statement runs") { try await isRunning(pool, "first") }
            let start = ContinuousClock.now
            task.cancel()
            await expectError(.cancelled) { _ = try await task.value }
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(try await !isRunning(pool, "first"))
            for _ in 0..<10 { try await pool.ping() }
            #expect(pool.statistics.connectionsOpened == 2)
        }
    }

    @Test("Cancelling the task rolls its transaction back")
    func transaction() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            _ = try await pool.query("CREATE TABLE things (id bigint)")
            let task = Task {
                try await pool.withTransaction { transaction in
                    transaction.enqueue("INSERT INTO things VALUES (1)")
                    _ = try await transaction.query("SELECT pg_sleep(60) /* second */")
                }
            }
            try await eventually("the statement runs") { try await isRunning(pool, "second") }
            task.cancel()
            await expectError(.cancelled) { try await task.value }
            #expect(try await pool.query("SELECT id FROM things").isEmpty)
            #expect(pool.statistics.connectionsOpened == 2)
        }
    }

    @Test("A task that was cancelled before sends nothing")
    func beforehand() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            try await pool.ping()
            let before = pool.statistics.connectionsOpened
            let (never, _) = AsyncStream<Void>.makeStream()
            let task = Task {
                // Ends with the task.
                for await _ in never {}
                _ = try await pool.query("CREATE TABLE never (id bigint)")
            }
            task.cancel()
            await expectError(.cancelled) { try await task.value }
            #expect(try await pool.query("SELECT to_regclass('never')::text").decode(String?.self) == [nil])
            #expect(pool.statistics.connectionsOpened == before)
        }
    }

    @Test("Cancelling many statements at random moments stops no statement that it is not meant for")
    func storm() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            for round in 0..<100 {
                let victim = Task { try await pool.query("SELECT pg_sleep(0.001)") }
                if round.isMultiple(of: 2) { await Task.yield() }
                victim.cancel()
                switch await victim.result {
                case .success: break
                case .failure(let error): #expect((error as? PostgresError)?.code == .cancelled)
                }
                try await pool.ping()
            }
            #expect(pool.statistics.lent == 0)
        }
    }

    @Test("A statement that takes too long is stopped by the server")
    func statementTimeout() async throws {
        try await TestDatabase.with(configure: { $0.statementTimeout = .milliseconds(100) }) { database async throws in
            let error = await expectError(.timeout) { _ = try await database.pool.query("SELECT pg_sleep(60)") }
            #expect(error?.sqlState == "57014")
            #expect(error?.isUnavailable == false)
            #expect(try await database.pool.query("SHOW idle_in_transaction_session_timeout").decode(String.self) == ["30s"])
            #expect(database.pool.statistics.connectionsOpened == 1)
        }
    }

    @Test("A lock that cannot be had in time is told as that")
    func lockTimeout() async throws {
        try await TestDatabase.with(configure: { $0.sessionParameters["lock_timeout"] = "50ms" }) { database async throws in
            _ = try await database.pool.query("CREATE TABLE things AS SELECT 1::bigint AS id")
            try await database.pool.withTransaction { transaction in
                _ = try await transaction.query("SELECT id FROM things FOR UPDATE")
                let error = await expectError(.lockNotAvailable) { _ = try await database.pool.query("DELETE FROM things") }
                #expect(error?.isRetriable == true)
            }
        }
    }
}
