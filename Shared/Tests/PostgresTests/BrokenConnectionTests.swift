import Logging
import Postgres
import ServiceTesting
import Synchronization
import Testing

/// A server that goes away is noticed, told as what it is, and found again.
@Suite struct BrokenConnectionTests {
    private func terminateAll(_ database: TestDatabase) async throws {
        _ = try await database.pool.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    }

    @Test("Idle connections that the server ended are replaced before anybody notices")
    func idleConnections() async throws {
        try await TestDatabase.with { database async throws in
            let other = PostgresPool(configuration: database.configuration, maximumConnections: 1, logger: database.logger)
            try await other.ping()
            try await terminateAll(database)
            try await eventually("the other session ended") {
                try await database.pool.query(
                    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).isEmpty
            }
            for _ in 0..<3 { try await other.ping() }
            #expect(other.statistics.connectionsOpened == 2)
            await other.close()
        }
    }

    @Test("A session that is ended in the middle of a transaction is an error to wait on, and the next one works")
    func terminatedTransaction() async throws {
        try await TestDatabase.with { database async throws in
            _ = try await database.pool.query("CREATE TABLE things (id bigint)")
            do {
                try await database.pool.withTransaction { transaction in
                    let pid = try await transaction.query("INSERT INTO things VALUES (1) RETURNING pg_backend_pid()").decode(Int32.self)
                    _ = try await database.pool.query("SELECT pg_terminate_backend(\(pid[0]))")
                    _ = try await transaction.query("SELECT pg_sleep(10)")
                }
                Issue.record("the transaction outlived its session")
            } catch let error as PostgresError {
                #expect(error.isUnavailable)
                #expect(error.isRetriable)
                #expect(error.code == .adminShutdown || error.code == .connectionLost)
            }
            #expect(try await database.pool.query("SELECT id FROM things").isEmpty)
        }
    }

    @Test("A session that ends while it commits leaves the outcome unknown, which is not to be retried blindly")
    func lostCommit() async throws {
        try await TestDatabase.with { database async throws in
            try await database.pool.withConnection { connection in
                try await connection.run(
                    script: """
                        CREATE TABLE things (id bigint);
                        CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS
                            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END';
                        CREATE CONSTRAINT TRIGGER last_moment AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED
                            FOR EACH ROW EXECUTE FUNCTION give_up()
                        """
                )
            }
            let ran = Mutex(false)
            let error = await expectError(.commitOutcomeUnknown) {
                try await database.pool.withTransaction { transaction in
                    transaction.onCommit { ran.withLock { $0 = true } }
                    transaction.enqueue("INSERT INTO things VALUES (1)")
                }
            }
            #expect(error?.isRetriable == false)
            #expect(error?.isUnavailable == true)
            #expect(!ran.withLock { $0 })
            try await database.pool.ping()
        }
    }

    @Test("A session that ends before its COMMIT has committed nothing, and is told so")
    func lostBeforeCommit() async throws {
        try await TestDatabase.with { database async throws in
            let error = await expectError(.adminShutdown) {
                try await database.pool.withTransaction { transaction in
                    transaction.enqueue("SELECT pg_terminate_backend(pg_backend_pid())")
                    transaction.enqueue("SELECT pg_sleep(5)")
                }
            }
            #expect(error?.isRetriable == true)
        }
    }

    @Test("While the database takes no connections, calls fail at once; when it does again, they work")
    func recovery() async throws {
        try await TestDatabase.with { database async throws in
            let name = database.configuration.database
            var elsewhere = database.configuration
            elsewhere.database = "postgres"
            let admin = PostgresPool(configuration: elsewhere, maximumConnections: 1, logger: database.logger)
            try await database.pool.ping()
            _ = try await admin.query("ALTER DATABASE \(unescaped: name) ALLOW_CONNECTIONS false")
            _ = try await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(name)")
            try await eventually("the sessions ended") {
                try await admin.query("SELECT 1 FROM pg_stat_activity WHERE datname = \(name)").isEmpty
            }
            let start = ContinuousClock.now
            for _ in 0..<5 {
                let error = await expectError(.connectionFailed) { try await database.pool.ping() }
                #expect(error?.isUnavailable == true)
                #expect(error?.sqlState == "55000")
            }
            #expect(ContinuousClock.now - start < .seconds(2))
            #expect(await database.pool.isReachable() == false)
            _ = try await admin.query("ALTER DATABASE \(unescaped: name) ALLOW_CONNECTIONS true")
            try await database.pool.ping()
            await admin.close()
        }
    }

    @Test("Where nobody listens, calls fail at once")
    func refused() async throws {
        let pool = PostgresPool(
            configuration: try PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/nothing"),
            logger: Logger(label: "test")
        )
        let start = ContinuousClock.now
        await withTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    let error = await expectError(.connectionFailed) { try await pool.ping() }
                    #expect(error?.isUnavailable == true)
                }
            }
        }
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(pool.statistics.lent == 0)
    }

    @Test("A role or database that does not exist is an error, but not one to wait on")
    func wrongDatabase() async throws {
        try await TestDatabase.with { database async throws in
            var configuration = database.configuration
            configuration.database = "no_such_database"
            let pool = PostgresPool(configuration: configuration, logger: database.logger)
            let error = await expectError(.connectionFailed) { try await pool.ping() }
            #expect(error?.sqlState == "3D000")
            #expect(error?.isUnavailable == false)
        }
    }

    @Test("A server that falls silent is given up")
    func silence() async throws {
        try await TestDatabase.with(configure: {
            $0.statementTimeout = .zero
            $0.responseTimeout = .milliseconds(200)
        }) { database async throws in
            let error = await expectError(.connectionLost) { _ = try await database.pool.query("SELECT pg_sleep(30)") }
            #expect(error?.isUnavailable == true)
            await expectError(.commitOutcomeUnknown) {
                try await database.pool.withTransaction { $0.enqueue("SELECT pg_sleep(30)") }
            }
            try await database.pool.ping()
        }
    }
}
