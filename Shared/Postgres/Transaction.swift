/// A transaction under way, lent to the body of ``PostgresPool/withTransaction(_:)``; it cannot outlive it.
///
/// What costs time is the round trip, so nothing is sent before it must be: BEGIN and what was enqueued travel with the next query, and COMMIT
/// travels with what is still enqueued. A transaction of one query and any number of enqueued writes is two round trips.
///
/// After an error of the server nothing more can be done in it: let the error pass, and it is rolled back.
package struct Transaction: ~Copyable, Sendable {
    private let session: TransactionSession

    init(session: TransactionSession) {
        self.session = session
    }

    /// Takes a statement whose rows do not matter, to be sent with the next round trip or with COMMIT; its error surfaces there.
    package func enqueue(_ sql: SQL) {
        session.enqueue(sql)
    }

    /// Sends what is enqueued and this statement in one round trip.
    ///
    /// - Returns: The rows of this statement.
    /// - Throws: ``PostgresError``, the first of them all.
    package func query(_ sql: SQL, file: StaticString = #fileID, line: UInt = #line) async throws(PostgresError) -> PostgresRows {
        do throws(PostgresError) {
            guard let rows = try await session.query([sql]).first else {
                throw PostgresError(.protocolViolation, "A statement was not answered.", statement: sql.text)
            }
            return rows
        } catch {
            throw error.located(file, line)
        }
    }

    /// Sends what is enqueued and these statements in one round trip.
    ///
    /// - Returns: The rows of each of these statements, in order.
    /// - Throws: ``PostgresError``, the first of them all.
    package func query(_ statements: [SQL], file: StaticString = #fileID, line: UInt = #line) async throws(PostgresError) -> [PostgresRows]
    {
        do throws(PostgresError) {
            return try await session.query(statements)
        } catch {
            throw error.located(file, line)
        }
    }

    /// Has `action` run once COMMIT was acknowledged, after those given before; never if it was not. It must not block.
    package func onCommit(_ action: @escaping @Sendable () -> Void) {
        session.onCommit(action)
    }
}
