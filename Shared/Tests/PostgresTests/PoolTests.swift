import Logging
import Postgres
import ServiceTesting
import Testing

/// The pool lends what it has, and no more, for no longer than it must.
@Suite struct PoolTests {
    private func withSmallPool(
        maximumWaiters: Int = 1024,
        acquireTimeout: Duration = .milliseconds(200),
        _ body: (PostgresPool) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                configuration: database.configuration,
                maximumConnections: 1,
                acquireTimeout: acquireTimeout,
                maximumWaiters: maximumWaiters,
                logger: database.logger
            )
            try await body(pool)
            await pool.close()
        }
    }

    @Test("A caller that gets no connection in time is told that the pool is exhausted")
    func exhaustion() async throws {
        try await withSmallPool { pool async throws in
            try await pool.withConnection { _ in
                let start = ContinuousClock.now
                let error = await expectError(.poolExhausted) { try await pool.ping() }
                #expect(ContinuousClock.now - start >= .milliseconds(200))
                #expect(error?.isRetriable == true)
                #expect(error?.isUnavailable == false)
            }
            try await pool.ping()
        }
    }

    @Test("More waiters than there is room for are refused at once")
    func boundedWaiters() async throws {
        try await withSmallPool(maximumWaiters: 1, acquireTimeout: .seconds(60)) { pool async throws in
            let waiter = try await pool.withConnection { _ in
                let waiter = Task { try await pool.ping() }
                try await eventually("somebody waits") { pool.statistics.waiting == 1 }
                await expectError(.poolExhausted) { try await pool.ping() }
                return waiter
            }
            try await waiter.value
        }
    }

    @Test("A cancelled waiter leaves the queue")
    func cancelledWaiter() async throws {
        try await withSmallPool(acquireTimeout: .seconds(60)) { pool async throws in
            try await pool.withConnection { _ in
                let waiter = Task { try await pool.ping() }
                try await eventually("somebody waits") { pool.statistics.waiting == 1 }
                waiter.cancel()
                await expectError(.cancelled) { try await waiter.value }
                #expect(pool.statistics.waiting == 0)
            }
        }
    }

    @Test("Waiters are served by the connection that comes back")
    func waiters() async throws {
        try await withSmallPool(acquireTimeout: .seconds(60)) { pool async throws in
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { try await pool.ping() } }
                try await group.waitForAll()
            }
            #expect(pool.statistics.connectionsOpened == 1)
            #expect(pool.statistics.lent == 0)
        }
    }

    @Test("A connection that comes back inside a transaction is thrown away")
    func openTransaction() async throws {
        try await withSmallPool { pool async throws in
            try await pool.withConnection { _ = try await $0.query("BEGIN") }
            #expect(pool.statistics.idle == 0)
            try await pool.ping()
            #expect(pool.statistics.connectionsOpened == 2)
        }
    }

    @Test("A connection that is kept beyond its loan cannot be used once it is closed")
    func escapedConnection() async throws {
        try await withSmallPool { pool async throws in
            let escaped = try await pool.withConnection { $0 }
            await pool.close()
            await expectError(.connectionClosed) { _ = try await escaped.query("SELECT 1") }
        }
    }

    @Test("Closing waits for what is lent, and refuses what comes")
    func close() async throws {
        try await withSmallPool { pool async throws in
            let (release, releaser) = AsyncStream<Void>.makeStream()
            let borrower = Task {
                try await pool.withConnection { connection in
                    for await _ in release { break }
                    _ = try await connection.query("SELECT 1")
                }
            }
            try await eventually("it is lent") { pool.statistics.lent == 1 }
            let closer = Task { await pool.close() }
            try await eventually("callers are refused") {
                do {
                    try await pool.ping()
                    return false
                } catch let error as PostgresError {
                    return error.code == .poolClosed
                }
            }
            releaser.yield()
            try await borrower.value
            await closer.value
            #expect(pool.statistics.lent == 0)
            await pool.close()
        }
    }

    @Test("Closing does not wait longer than it was told to")
    func boundedClose() async throws {
        try await withSmallPool { pool async throws in
            try await pool.withConnection { _ in
                let start = ContinuousClock.now
                await pool.close(within: .milliseconds(50))
                #expect(ContinuousClock.now - start < .seconds(2))
            }
        }
    }
}
