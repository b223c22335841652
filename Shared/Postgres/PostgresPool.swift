package import Logging
import Synchronization

/// Lends a bounded number of connections.
///
/// Callers are served in the order in which they came. A connection that broke, or was left inside a transaction, is thrown away and another
/// is made when one is needed. Connections are made by those who need them: an idle pool does nothing at all.
package final class PostgresPool: Sendable {
    /// How the pool's connections are made.
    package let configuration: PostgresConfiguration

    private typealias Waiter = CheckedContinuation<Result<Grant, PostgresError>, Never>
    private typealias Machine = PoolStateMachine<PostgresConnection, Waiter, ContinuousClock.Instant>
    private typealias Grant = PoolGrant<PostgresConnection>

    private let acquireTimeout: Duration
    private let counters = PostgresCounters()
    private let logger: Logger
    private let machine: Mutex<Machine>
    private let nextID = Atomic<UInt64>(0)

    /// Makes a pool; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - maximumConnections: How many connections may be open, 1 or more.
    ///   - acquireTimeout: How long a caller waits for one before `.poolExhausted`.
    ///   - maximumWaiters: How many callers may wait; further ones get `.poolExhausted` at once.
    ///   - logger: For what happens in the background.
    package init(
        configuration: PostgresConfiguration,
        maximumConnections: Int = 8,
        acquireTimeout: Duration = .seconds(2),
        maximumWaiters: Int = 1024,
        logger: Logger
    ) {
        self.configuration = configuration
        self.acquireTimeout = acquireTimeout
        self.logger = logger
        machine = Mutex(Machine(maximumConnections: maximumConnections, maximumWaiters: maximumWaiters))
    }

    /// What the pool has done and holds.
    package var statistics: PostgresStatistics {
        var statistics = counters.snapshot
        machine.withLock {
            statistics.lent = $0.lent
            statistics.idle = $0.idleCount
            statistics.waiting = $0.waitingCount
        }
        return statistics
    }

    // MARK: What users call

    /// Lends a connection.
    ///
    /// - Throws: What `body` throws; `.connectionFailed`, `.poolExhausted`, `.poolClosed`, `.cancelled`.
    package func withConnection<Value>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let connection = try await acquire()
        defer { release(connection) }
        return try await body(connection)
    }

    /// Runs one statement as a transaction of its own.
    ///
    /// - Throws: ``PostgresError``. After `.connectionLost` the statement may have had its effect.
    package func query(_ sql: SQL, file: StaticString = #fileID, line: UInt = #line) async throws(PostgresError) -> PostgresRows {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.query(sql, file: file, line: line)
    }

    /// Runs statements as one transaction, in one round trip.
    ///
    /// - Returns: The rows of each statement, in order.
    /// - Throws: ``PostgresError``, the first of them all. After `.connectionLost` the statements may have had their effect.
    package func query(_ statements: [SQL], file: StaticString = #fileID, line: UInt = #line) async throws(PostgresError) -> [PostgresRows]
    {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.query(statements, file: file, line: line)
    }

    /// Runs `body` in a transaction, READ COMMITTED, which is committed if `body` returns and rolled back if it throws.
    ///
    /// It is not run again by itself. See ``Transaction`` for what is sent when.
    ///
    /// - Throws: What `body` throws; else ``PostgresError``: `.commitOutcomeUnknown`, when the connection broke during COMMIT.
    package func withTransaction<Value>(
        file: StaticString = #fileID,
        line: UInt = #line,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.withTransaction(file: file, line: line, body)
    }

    /// Asks the server for a sign of life.
    ///
    /// - Throws: ``PostgresError``, why there was none.
    package func ping() async throws(PostgresError) {
        _ = try await query("SELECT 1")
    }

    /// Whether the server answers.
    package func isReachable() async -> Bool {
        do throws(PostgresError) {
            try await ping()
            return true
        } catch {
            return false
        }
    }

    /// Whether a notification was sent over one of the pool's open connections.
    package func isOwn(_ notification: PostgresNotification) -> Bool {
        counters.has(session: notification.sender)
    }

    // MARK: Acquiring

    private func acquire() async throws(PostgresError) -> PostgresConnection {
        switch machine.withLock({ $0.acquire() }) {
        case .granted(let grant): return try await use(grant)
        case .refused(let code): throw refusal(code)
        case .busy: return try await use(wait())
        }
    }

    private func use(_ grant: Grant) async throws(PostgresError) -> PostgresConnection {
        if case .connection(let connection) = grant {
            if connection.looksAlive { return connection }
            logger.debug("An idle database connection had ended; making another")
            machine.withLock { $0.replace() }
        }
        do throws(PostgresError) {
            let connection = try await PostgresConnection.open(configuration, counters: counters)
            switch machine.withLock({ $0.opened() }) {
            case .use: return connection
            case .close:
                await connection.close()
                lost()
                throw refusal(.poolClosed)
            }
        } catch  where error.code != .poolClosed {
            openingFailed(error)
            throw error
        }
    }

    private func wait() async throws(PostgresError) -> Grant {
        let id = nextID.add(1, ordering: .relaxed).newValue
        let result: Result<Grant, PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let deadline = ContinuousClock.now + acquireTimeout
                switch machine.withLock({ $0.enqueue(continuation, id: id, deadline: deadline) }) {
                case .granted(let grant): continuation.resume(returning: .success(grant))
                case .refused(let code): continuation.resume(returning: .failure(refusal(code)))
                case .queued(let timer):
                    setTimer(timer)
                    // If the task was cancelled before it stood in the queue, the handler has found nothing there.
                    if Task.isCancelled { cancel(id) }
                }
            }
        } onCancel: {
            cancel(id)
        }
        return try result.get()
    }

    private func cancel(_ id: UInt64) {
        let waiter = machine.withLock { $0.cancel(id: id) }
        waiter?.resume(returning: .failure(PostgresError(.cancelled, "The task was cancelled.")))
    }

    private func setTimer(_ instant: ContinuousClock.Instant?) {
        guard let instant else { return }
        Task {
            try? await Task.sleep(until: instant, clock: .continuous)
            let (expired, next) = machine.withLock { $0.expire(now: .now) }
            for waiter in expired { waiter.resume(returning: .failure(refusal(.poolExhausted))) }
            setTimer(next)
        }
    }

    private func openingFailed(_ error: PostgresError) {
        let serverIsAway = error.isUnavailable && error.sqlState != "53300"
        switch machine.withLock({ $0.openingFailed(serverIsAway: serverIsAway) }) {
        case .nothing: break
        case .grant(let waiter): waiter.resume(returning: .success(.opening))
        case .fail(let waiters): for waiter in waiters { waiter.resume(returning: .failure(error)) }
        case .closed(let closers): finish(closers)
        }
    }

    // MARK: Giving back

    private func release(_ connection: PostgresConnection) {
        guard connection.sessionState == .idle else {
            if connection.sessionState == .inTransaction { logger.error("A database connection was given back inside a transaction") }
            // The last reference goes with this call, and the session with it; the server rolls back.
            return lost()
        }
        switch machine.withLock({ $0.giveBack(connection) }) {
        case .kept: break
        case .hand(let connection, let waiter): waiter.resume(returning: .success(.connection(connection)))
        case .close(let connection, let closers):
            Task {
                await connection.close()
                finish(closers)
            }
        }
    }

    private func lost() {
        switch machine.withLock({ $0.lost() }) {
        case .nothing: break
        case .grant(let waiter): waiter.resume(returning: .success(.opening))
        case .closed(let closers): finish(closers)
        }
    }

    private func refusal(_ code: PostgresError.Code) -> PostgresError {
        PostgresError(code, code == .poolClosed ? "The pool was closed." : "No connection came free in time, or too many wait.")
    }

    // MARK: Closing

    /// Refuses further callers, ends idle connections, and waits for lent ones to come back, at most `limit`. Idempotent.
    package func close(within limit: Duration = .seconds(10)) async {
        let (idle, waiting) = machine.withLock { $0.close() }
        for waiter in waiting { waiter.resume(returning: .failure(refusal(.poolClosed))) }
        for connection in idle { await connection.close() }
        let timer = Task {
            try await Task.sleep(for: limit)
            logger.warning("Database connections were still in use when the pool was closed")
            finish(machine.withLock { $0.abandonDraining() })
        }
        _ = await withCheckedContinuation { (continuation: Waiter) in
            if machine.withLock({ $0.awaitDrained(continuation) }) {
                continuation.resume(returning: .failure(refusal(.poolClosed)))
            }
        }
        timer.cancel()
    }

    private func finish(_ closers: [Waiter]) {
        for closer in closers { closer.resume(returning: .failure(refusal(.poolClosed))) }
    }
}
