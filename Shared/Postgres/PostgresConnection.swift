import BlockingExecution
import Synchronization

/// One session with the server, on a thread of its own, where libpq may block.
///
/// It is lent by ``PostgresPool/withConnection(_:)`` to one user at a time. Calls from several tasks are safe and run one after the other, but
/// a transaction of one would take in the statements of the other: do not share it. Settings of the session (`SET`, advisory locks) stay when
/// it is given back; undo them.
package actor PostgresConnection {
    private let executor = BlockingExecutor()
    private let configuration: PostgresConfiguration
    nonisolated let counters: PostgresCounters
    private let wakeUp: WakeUpHandle
    private var handle: ConnectionHandle?

    // Copied out, so that the pool can judge a connection without waking its thread.
    private nonisolated let socket = Atomic<Int32>(-1)
    private nonisolated let state = Atomic(State.broken)
    private nonisolated let processID = Atomic<Int32>(0)

    /// How the last round trip left the session.
    enum State: UInt8, AtomicRepresentable {
        case idle, inTransaction, broken
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private init(_ configuration: PostgresConfiguration, counters: PostgresCounters) throws(PostgresError) {
        self.configuration = configuration
        self.counters = counters
        wakeUp = try WakeUpHandle()
    }

    deinit {
        forgetSession()
        executor.shutdown()
    }

    /// Connects to the server.
    ///
    /// - Throws: `.connectionFailed`, `.cancelled`.
    static func open(_ configuration: PostgresConfiguration, counters: PostgresCounters) async throws(PostgresError) -> PostgresConnection {
        let connection = try PostgresConnection(configuration, counters: counters)
        let cancellation = Cancellation(wakeUp: connection.wakeUp)
        let result = await withTaskCancellationHandler {
            await connection.open(cancellation)
        } onCancel: {
            cancellation.request()
        }
        try result.get()
        return connection
    }

    private func open(_ cancellation: Cancellation) -> Result<Void, PostgresError> {
        Result { () throws(PostgresError) in
            let handle = try ConnectionHandle.open(configuration, wakeUp: wakeUp, cancellation: cancellation)
            self.handle = handle
            processID.store(handle.processID, ordering: .relaxed)
            counters.opened(session: handle.processID)
            publish()
        }
    }

    /// Ends the session. Idempotent; later calls throw `.connectionClosed`.
    func close() {
        handle = nil
        forgetSession()
        state.store(.broken, ordering: .releasing)
        socket.store(-1, ordering: .releasing)
    }

    private nonisolated func forgetSession() {
        counters.ended(session: processID.exchange(0, ordering: .relaxed))
    }

    private func publish() {
        guard let handle else { return }
        state.store(handle.isBroken ? .broken : handle.isInTransaction ? .inTransaction : .idle, ordering: .releasing)
        socket.store(handle.socket, ordering: .releasing)
    }

    /// How the last round trip left the session.
    nonisolated var sessionState: State { state.load(ordering: .acquiring) }

    /// Whether the session can be used, as far as one can tell without asking the server: between statements it says nothing but farewell.
    nonisolated var looksAlive: Bool {
        sessionState == .idle && isQuiet(socket: socket.load(ordering: .acquiring))
    }
}

// MARK: - Round trips

extension PostgresConnection {
    /// Sends statements at once and returns the rows of each. A cancelled task stops them on the server.
    ///
    /// - Throws: As ``ConnectionHandle/run(_:)``.
    nonisolated func roundTrip(_ statements: [SQL], commits: Bool = false) async throws(PostgresError) -> [PostgresRows] {
        let cancellation = Cancellation(wakeUp: wakeUp)
        let trip = RoundTrip(statements: statements, cancellation: cancellation, timeout: configuration.responseTimeout, commits: commits)
        let result = await withTaskCancellationHandler {
            await perform(trip)
        } onCancel: {
            cancellation.request()
        }
        return try result.get()
    }

    /// Ends a transaction that failed, whether or not the task is cancelled. If even that fails, the connection is given up.
    nonisolated func rollBack() async {
        guard sessionState == .inTransaction else { return }
        counters.countRollback()
        let trip = RoundTrip(statements: ["ROLLBACK"], cancellation: nil, timeout: .seconds(5))
        if case .failure = await perform(trip) { await close() }
    }

    /// Runs a text of several statements, as migrations are, in one transaction unless the text says otherwise; rows are dropped.
    ///
    /// - Throws: The first error; `.connectionLost`; `.cancelled`.
    package nonisolated func run(script: String) async throws(PostgresError) {
        let cancellation = Cancellation(wakeUp: wakeUp)
        let trip = RoundTrip(statements: [], cancellation: cancellation, timeout: configuration.responseTimeout)
        let result = await withTaskCancellationHandler {
            await perform(script, trip)
        } onCancel: {
            cancellation.request()
        }
        try result.get()
    }

    /// Waits, for as long as it takes, until the server has notified of something.
    ///
    /// - Throws: `.connectionLost`; `.cancelled`.
    nonisolated func notifications() async throws(PostgresError) -> [PostgresNotification] {
        let cancellation = Cancellation(wakeUp: wakeUp)
        let result = await withTaskCancellationHandler {
            await perform { handle throws(PostgresError) in try handle.notifications(cancellation) }
        } onCancel: {
            cancellation.request()
        }
        return try result.get()
    }

    private func perform(_ trip: RoundTrip) -> Result<[PostgresRows], PostgresError> {
        counters.countRoundTrip(statements: trip.statements.count)
        return perform { handle throws(PostgresError) in try handle.run(trip) }
    }

    private func perform(_ script: String, _ trip: RoundTrip) -> Result<Void, PostgresError> {
        counters.countRoundTrip(statements: 1)
        return perform { handle throws(PostgresError) in try handle.run(script: script, trip) }
    }

    private func perform<Value: Sendable>(
        _ body: @Sendable (ConnectionHandle) throws(PostgresError) -> Value
    ) -> Result<Value, PostgresError> {
        guard let handle else { return .failure(PostgresError(.connectionClosed, "The connection was closed.")) }
        defer { publish() }
        do throws(PostgresError) {
            return .success(try body(handle))
        } catch {
            return .failure(error)
        }
    }
}
