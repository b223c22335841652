import CLibPQ

/// A connection of libpq, in pipeline mode, used by one thread.
///
/// Methods may block that thread, but only where a ``Cancellation`` wakes it. Once ``isBroken`` is true it stays so. Other files extend it:
/// opening, pipelines, scripts, notifications.
@safe final class ConnectionHandle {
    let connection: OpaquePointer
    let wakeUp: WakeUpHandle
    let configuration: PostgresConfiguration
    var cancelHandle: CancelHandle?
    var cache = StatementCache(limit: 256)
    var isBroken = false

    // Kept between round trips for their memory.
    var valuePointers: [UnsafePointer<CChar>?] = unsafe []
    var formats: [Int32] = []

    /// Takes over a `PGconn`.
    @unsafe init(owning connection: OpaquePointer, wakeUp: WakeUpHandle, configuration: PostgresConfiguration) {
        unsafe self.connection = connection
        self.wakeUp = wakeUp
        self.configuration = configuration
    }

    deinit {
        unsafe PQfinish(connection)
    }

    var socket: Int32 { unsafe PQsocket(connection) }

    /// The server's process that serves the session; 0 when the connection is lost.
    var processID: Int32 { unsafe PQbackendPID(connection) }

    /// Where the session stands between two round trips.
    var isInTransaction: Bool {
        switch unsafe PQtransactionStatus(connection) {
        case PQTRANS_INTRANS, PQTRANS_INERROR, PQTRANS_ACTIVE: true
        default: false
        }
    }

    /// libpq's own account of what went wrong last.
    var complaint: String {
        guard let text = unsafe PQerrorMessage(connection) else { return "" }
        return unsafe String(cString: text)
    }

    /// Gives the connection up.
    func lost(_ reason: String? = nil) -> PostgresError {
        isBroken = true
        return PostgresError(.connectionLost, reason ?? complaint)
    }

    /// Waits until the server has sent something, and lets libpq take it in.
    ///
    /// - Throws: `.connectionLost`, when the connection broke, or the deadline passed.
    func receive(writing: Bool = false, _ patience: inout Patience) throws(PostgresError) {
        switch wait(for: socket, reading: true, writing: writing, or: wakeUp, until: patience.deadline) {
        case .socket(let readable, _):
            if readable, unsafe PQconsumeInput(connection) == 0 { throw lost() }
        case .woken:
            wakeUp.drain()
            if patience.wantsCancelling(), let cancelHandle, let cancellation = patience.cancellation {
                Task { await CancelSender.shared.send(cancelHandle, for: cancellation) }
            }
        case .timedOut:
            throw lost("The server did not answer in time.")
        }
    }
}

/// How long a round trip waits, and whether it was called off.
struct Patience {
    /// When the connection is given up; `nil` is never.
    private(set) var deadline: ContinuousClock.Instant?
    let cancellation: Cancellation?
    /// The server is being asked to stop.
    private(set) var isCancelling = false

    /// How long a server may take to stop a statement.
    private static let cancelTimeout: Duration = .seconds(5)

    init(_ timeout: Duration?, cancellation: Cancellation?) {
        deadline = timeout.map { .now + $0 }
        self.cancellation = cancellation
    }

    /// True once: when the wish to cancel is seen first.
    mutating func wantsCancelling() -> Bool {
        guard !isCancelling, let cancellation, cancellation.isRequested else { return false }
        isCancelling = true
        deadline = min(deadline ?? .now + Self.cancelTimeout, .now + Self.cancelTimeout)
        return true
    }
}
