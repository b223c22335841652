import Synchronization

/// What a ``Transaction`` knows of itself, and what it sends when.
final class TransactionSession: Sendable {
    private let connection: PostgresConnection
    private let counters: PostgresCounters
    private let state = Mutex(State())

    private struct State {
        var enqueued: [SQL] = []
        var hasBegun = false
        var failure: PostgresError?
        var commitActions: [@Sendable () -> Void] = []

        /// What must go before the next statements.
        mutating func takeEnqueued() -> [SQL] {
            defer { enqueued.removeAll(keepingCapacity: true) }
            return hasBegun ? enqueued : [State.begin] + enqueued
        }

        static let begin: SQL = "BEGIN ISOLATION LEVEL READ COMMITTED"
        static let commit: SQL = "COMMIT"
    }

    init(_ connection: PostgresConnection, counters: PostgresCounters) {
        self.connection = connection
        self.counters = counters
    }

    func enqueue(_ sql: SQL) {
        state.withLock { $0.enqueued.append(sql) }
    }

    func onCommit(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.commitActions.append(action) }
    }

    func query(_ statements: [SQL]) async throws(PostgresError) -> [PostgresRows] {
        let (before, failure, isFirst) = state.withLock { ($0.takeEnqueued(), $0.failure, !$0.hasBegun) }
        if let failure { throw PostgresError(.transactionAborted, "The transaction failed before: \(failure)") }
        do throws(PostgresError) {
            let rows = try await send(before + statements, isFirst: isFirst)
            state.withLock { $0.hasBegun = true }
            return Array(rows.dropFirst(before.count))
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }

    /// Sends COMMIT and what is still enqueued. A transaction in which nothing was done sends nothing.
    func commit() async throws(PostgresError) {
        let (before, failure, isFirst) = state.withLock { state in
            let isNeeded = state.hasBegun || !state.enqueued.isEmpty
            return (isNeeded ? state.takeEnqueued() : [], state.failure, !state.hasBegun)
        }
        if let failure {
            // The body kept the error to itself; its work is lost all the same, and the caller must know.
            await rollBack()
            throw failure
        }
        if !before.isEmpty || !isFirst {
            do throws(PostgresError) {
                _ = try await send(before + [State.commit], isFirst: isFirst, commits: true)
            } catch {
                await rollBack()
                throw error
            }
            counters.countCommit()
        }
        for action in state.withLock({ $0.commitActions }) { action() }
    }

    func rollBack() async {
        await connection.rollBack()
    }

    /// A stale plan met in the first round trip is forgotten, and all of it sent again: nobody has seen any of it.
    private func send(_ statements: [SQL], isFirst: Bool, commits: Bool = false) async throws(PostgresError) -> [PostgresRows] {
        do throws(PostgresError) {
            return try await connection.roundTrip(statements, commits: commits)
        } catch {
            guard error.code == .stalePlan, isFirst else { throw error }
        }
        await rollBack()
        return try await connection.roundTrip(statements, commits: commits)
    }
}
