import Synchronization

/// What a pool has done since it was made, and what it holds now: for metrics, and for tests that count round trips.
package struct PostgresStatistics: Sendable, Equatable {
    /// Exchanges with the server; what a transaction costs in latency.
    package var roundTrips = 0
    /// Statements sent, BEGIN, COMMIT and ROLLBACK included.
    package var statements = 0
    /// Transactions that were committed.
    package var commits = 0
    /// Transactions that were rolled back.
    package var rollbacks = 0
    /// Connections made.
    package var connectionsOpened = 0
    /// Connections that are lent now.
    package var lent = 0
    /// Connections that wait to be lent.
    package var idle = 0
    /// Callers that wait for a connection.
    package var waiting = 0
}

/// Counts for ``PostgresStatistics``, from any thread.
final class PostgresCounters: Sendable {
    private let roundTrips = Atomic(0)
    private let statements = Atomic(0)
    private let commits = Atomic(0)
    private let rollbacks = Atomic(0)
    private let connectionsOpened = Atomic(0)
    private let sessions = Mutex<Set<Int32>>([])

    func countRoundTrip(statements count: Int) {
        roundTrips.add(1, ordering: .relaxed)
        statements.add(count, ordering: .relaxed)
    }

    func countCommit() { commits.add(1, ordering: .relaxed) }
    func countRollback() { rollbacks.add(1, ordering: .relaxed) }

    func opened(session processID: Int32) {
        connectionsOpened.add(1, ordering: .relaxed)
        sessions.withLock { _ = $0.insert(processID) }
    }

    func ended(session processID: Int32) {
        sessions.withLock { _ = $0.remove(processID) }
    }

    func has(session processID: Int32) -> Bool {
        sessions.withLock { $0.contains(processID) }
    }

    var snapshot: PostgresStatistics {
        PostgresStatistics(
            roundTrips: roundTrips.load(ordering: .relaxed),
            statements: statements.load(ordering: .relaxed),
            commits: commits.load(ordering: .relaxed),
            rollbacks: rollbacks.load(ordering: .relaxed),
            connectionsOpened: connectionsOpened.load(ordering: .relaxed)
        )
    }
}
