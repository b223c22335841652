extension PostgresConnection {
    /// Runs one statement, by itself a transaction unless one was begun.
    ///
    /// - Throws: ``PostgresError``. After `.connectionLost` the statement may have had its effect.
    package nonisolated func query(
        _ sql: SQL,
        file: StaticString = #fileID,
        line: UInt = #line
    ) async throws(PostgresError) -> PostgresRows {
        guard let rows = try await query([sql], file: file, line: line).first else {
            throw PostgresError(.protocolViolation, "A statement was not answered.", statement: sql.text).located(file, line)
        }
        return rows
    }

    /// Runs statements in one round trip, together a transaction unless one was begun.
    ///
    /// - Returns: The rows of each statement, in order.
    /// - Throws: ``PostgresError``, the first of them all. After `.connectionLost` the statements may have had their effect.
    package nonisolated func query(
        _ statements: [SQL],
        file: StaticString = #fileID,
        line: UInt = #line
    ) async throws(PostgresError) -> [PostgresRows] {
        let isAlone = sessionState == .idle
        do throws(PostgresError) {
            return try await roundTrip(statements)
        } catch {
            // A plan that the schema left behind is forgotten by now: the statements had no effect and may be run again.
            guard error.code == .stalePlan, isAlone else { throw error.located(file, line) }
        }
        do throws(PostgresError) {
            return try await roundTrip(statements)
        } catch {
            throw error.located(file, line)
        }
    }

    /// Runs `body` in a transaction, READ COMMITTED, which is committed if `body` returns and rolled back if it throws.
    ///
    /// It is not run again by itself. See ``Transaction`` for what is sent when.
    ///
    /// - Throws: What `body` throws; else ``PostgresError``: `.commitOutcomeUnknown`, when the connection broke during COMMIT.
    package nonisolated func withTransaction<Value>(
        file: StaticString = #fileID,
        line: UInt = #line,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        let session = TransactionSession(self, counters: counters)
        let transaction = Transaction(session: session)
        let value: Value
        do {
            value = try await body(transaction)
        } catch {
            await session.rollBack()
            throw error
        }
        do throws(PostgresError) {
            try await session.commit()
        } catch {
            throw error.located(file, line)
        }
        return value
    }
}
