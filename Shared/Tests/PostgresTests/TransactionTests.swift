import Postgres
import ServiceTesting
import Synchronization
import Testing

/// A transaction happens as a whole or not at all, and in as few round trips as can be.
@Suite struct TransactionTests {
    private struct Refusal: Error {}

    private static let schema = Migrator(
        set: "tests",
        migrations: [
            Migration(
                name: "0001_accounts.sql",
                sql: """
                    CREATE TABLE accounts (
                        id bigint PRIMARY KEY,
                        balance bigint NOT NULL CONSTRAINT balance_is_not_negative CHECK (balance >= 0)
                    );
                    CREATE TABLE letters (
                        id bigint PRIMARY KEY,
                        account bigint CONSTRAINT letter_has_account REFERENCES accounts DEFERRABLE INITIALLY DEFERRED
                    );
                    INSERT INTO accounts VALUES (1, 100), (2, 50)
                    """
            )
        ]
    )

    private func withAccounts(_ body: (PostgresPool) async throws -> Void) async throws {
        try await TestDatabase.with(migrators: [Self.schema]) { try await body($0.pool) }
    }

    private func balances(_ pool: PostgresPool) async throws -> [Int64] {
        try await pool.query("SELECT balance FROM accounts ORDER BY id").decode(Int64.self)
    }

    @Test("What a transaction did is there after it returned")
    func commit() async throws {
        try await withAccounts { pool async throws in
            let sum = try await pool.withTransaction { transaction in
                transaction.enqueue("UPDATE accounts SET balance = balance - \(Int64(30)) WHERE id = 1")
                transaction.enqueue("UPDATE accounts SET balance = balance + \(Int64(30)) WHERE id = 2")
                return try await transaction.query("SELECT sum(balance) FROM accounts").decode(Int64.self).first
            }
            #expect(sum == 150)
            #expect(try await balances(pool) == [70, 80])
        }
    }

    @Test("Nothing of a transaction remains after its body threw")
    func rollback() async throws {
        try await withAccounts { pool async throws in
            await #expect(throws: Refusal.self) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.query("UPDATE accounts SET balance = 0")
                    transaction.enqueue("DELETE FROM accounts")
                    throw Refusal()
                }
            }
            #expect(try await balances(pool) == [100, 50])
            #expect(pool.statistics.rollbacks == 1)
        }
    }

    @Test("A query and any number of writes are two round trips; writes alone are one; nothing is none")
    func roundTrips() async throws {
        try await withAccounts { pool async throws in
            try await pool.ping()
            var before = pool.statistics
            try await pool.withTransaction { transaction in
                let ids = try await transaction.query("SELECT id FROM accounts ORDER BY id FOR UPDATE").decode(Int64.self)
                for id in ids { transaction.enqueue("UPDATE accounts SET balance = balance + 1 WHERE id = \(id)") }
            }
            #expect(pool.statistics.roundTrips - before.roundTrips == 2)
            #expect(pool.statistics.statements - before.statements == 5)
            before = pool.statistics
            try await pool.withTransaction { transaction in
                transaction.enqueue("UPDATE accounts SET balance = balance - 1")
            }
            #expect(pool.statistics.roundTrips - before.roundTrips == 1)
            before = pool.statistics
            try await pool.withTransaction { _ in }
            #expect(pool.statistics == before)
            #expect(try await balances(pool) == [100, 50])
        }
    }

    @Test("Several statements of one round trip each return their rows")
    func severalStatements() async throws {
        try await withAccounts { pool async throws in
            try await pool.withTransaction { transaction in
                transaction.enqueue("UPDATE accounts SET balance = 7 WHERE id = 2")
                let results = try await transaction.query([
                    "SELECT id FROM accounts ORDER BY id", "SELECT balance FROM accounts WHERE id = 2",
                ])
                #expect(results.count == 2)
                #expect(try results[0].decode(Int64.self) == [1, 2])
                #expect(try results[1].decode(Int64.self) == [7])
            }
        }
    }

    @Test("Statements that are sent together are one transaction in one round trip")
    func statementsTogether() async throws {
        try await withAccounts { pool async throws in
            try await pool.ping()
            let before = pool.statistics
            let results = try await pool.query([
                "UPDATE accounts SET balance = 7 WHERE id = 2", "SELECT balance FROM accounts WHERE id = 2",
                "UPDATE accounts SET balance = 8 WHERE id = 2 RETURNING balance",
            ])
            #expect(pool.statistics.roundTrips - before.roundTrips == 1)
            #expect(pool.statistics.statements - before.statements == 3)
            #expect(results[0].isEmpty)
            #expect(try results[1].decode(Int64.self) == [7])
            #expect(try results[2].decode(Int64.self) == [8])
            await expectError(.checkViolation) {
                _ = try await pool.query(["UPDATE accounts SET balance = 9 WHERE id = 2", "UPDATE accounts SET balance = -1 WHERE id = 1"])
            }
            #expect(try await balances(pool) == [100, 8])
        }
    }

    @Test("Of several errors in a round trip the first is told, and the connection stays usable")
    func firstError() async throws {
        try await withAccounts { pool async throws in
            let error = await expectError(.checkViolation) {
                try await pool.withTransaction { transaction in
                    transaction.enqueue("UPDATE accounts SET balance = -1")
                    transaction.enqueue("SELECT * FROM nowhere")
                    transaction.enqueue("INSERT INTO accounts VALUES (1, 1)")
                }
            }
            #expect(error?.constraint == "balance_is_not_negative")
            #expect(error?.sqlState == "23514")
            #expect(error?.statement == "UPDATE accounts SET balance = -1")
            #expect(error?.isRetriable == false)
            #expect(try await balances(pool) == [100, 50])
            #expect(pool.statistics.connectionsOpened == 1)
        }
    }

    @Test("A unique violation names its constraint, and its description quotes no values")
    func uniqueViolation() async throws {
        try await withAccounts { pool async throws in
            let error = await expectError(.uniqueViolation) { _ = try await pool.query("INSERT INTO accounts VALUES (\(Int64(2)), 1)") }
            #expect(error?.constraint == "accounts_pkey")
            #expect(error?.table == "accounts")
            #expect(error.map { "\($0)" } == "PostgresError: unique_violation (23505) on accounts_pkey")
            #expect(error?.debugDescription.contains("(id)=(2)") == true)
            #expect(error?.location?.contains("TransactionTests.swift") == true)
        }
    }

    @Test("An error that the body keeps to itself is thrown all the same, and nothing is committed")
    func swallowedError() async throws {
        try await withAccounts { pool async throws in
            await expectError(.undefinedTable) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.query("UPDATE accounts SET balance = 0")
                    _ = try? await transaction.query("SELECT * FROM nowhere")
                    transaction.enqueue("UPDATE accounts SET balance = 1")
                }
            }
            #expect(try await balances(pool) == [100, 50])
        }
    }

    @Test("A constraint that is checked at COMMIT fails the transaction")
    func deferredConstraint() async throws {
        try await withAccounts { pool async throws in
            let error = await expectError(.foreignKeyViolation) {
                try await pool.withTransaction { $0.enqueue("INSERT INTO letters VALUES (1, 99)") }
            }
            #expect(error?.constraint == "letter_has_account")
            let together = await expectError(.foreignKeyViolation) {
                _ = try await pool.query(["INSERT INTO letters VALUES (1, 99)", "SELECT 1"])
            }
            #expect(together?.constraint == "letter_has_account")
            #expect(try await pool.query("SELECT id FROM letters").isEmpty)
            #expect(pool.statistics.connectionsOpened == 1)
        }
    }

    @Test("Actions run in order after COMMIT was acknowledged, and never after a rollback")
    func commitActions() async throws {
        try await withAccounts { pool async throws in
            let ran = Mutex<[Int]>([])
            try await pool.withTransaction { transaction in
                transaction.onCommit { ran.withLock { $0.append(1) } }
                transaction.onCommit { ran.withLock { $0.append(2) } }
                _ = try await transaction.query("UPDATE accounts SET balance = 1")
                #expect(ran.withLock { $0 } == [])
            }
            #expect(ran.withLock { $0 } == [1, 2])
            await expectError(.checkViolation) {
                try await pool.withTransaction { transaction in
                    transaction.onCommit { ran.withLock { $0.append(3) } }
                    transaction.enqueue("UPDATE accounts SET balance = -1")
                }
            }
            #expect(ran.withLock { $0 } == [1, 2])
        }
    }

    @Test("More data than the sockets hold goes both ways in one round trip")
    func largePipeline() async throws {
        try await withAccounts { pool async throws in
            let text = String(repeating: "x", count: 4_000_000)
            try await pool.withTransaction { transaction in
                let results = try await transaction.query((0..<8).map { _ in "SELECT \(text)" })
                for rows in results { #expect(try rows.decode(String.self) == [text]) }
            }
        }
    }

    @Test("Many transactions at once, on few connections, lose nothing")
    func concurrency() async throws {
        try await withAccounts { pool async throws in
            try await withThrowingTaskGroup { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await pool.withTransaction { transaction in
                            let balance = try await transaction.query("SELECT balance FROM accounts WHERE id = 1 FOR UPDATE").decode(
                                Int64.self
                            )
                            transaction.enqueue("UPDATE accounts SET balance = \(balance[0] + 1) WHERE id = 1")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await balances(pool) == [200, 50])
            #expect(pool.statistics.connectionsOpened <= 4)
            #expect(pool.statistics.commits == 100)
        }
    }

    @Test("A transaction is READ COMMITTED, whatever the database's default")
    func isolation() async throws {
        try await TestDatabase.with(configure: { $0.sessionParameters["default_transaction_isolation"] = "repeatable read" }) {
            database async throws in
            let isolation = try await database.pool.withTransaction { transaction in
                try await transaction.query("SELECT current_setting('transaction_isolation')").decode(String.self)
            }
            #expect(isolation == ["read committed"])
        }
    }
}
