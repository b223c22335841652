/// What a caller of a pool may do.
enum PoolGrant<Connection> {
    /// Use this connection; then give it back or report it lost.
    case connection(Connection)
    /// Open a connection; then report how that went.
    case opening
}

extension PoolGrant: Sendable where Connection: Sendable {}

/// Who holds a pool's connections, and who waits for one: a value, so that every state can be tested without a server.
///
/// Nothing is done here. Each method says what has happened and returns what is to be done, outside the lock that guards the value.
/// Guarantee: at most `maximumConnections` are open or being opened; callers are served in the order in which they came; whoever waits is
/// answered exactly once.
struct PoolStateMachine<Connection, Waiter, Instant: Comparable> {
    private struct Waiting {
        let id: UInt64
        let waiter: Waiter
        let deadline: Instant
    }

    private enum Phase { case running, closing }

    private let maximumConnections: Int
    private let maximumWaiters: Int
    private var phase = Phase.running
    private var idle: [Connection] = []
    private(set) var lent = 0
    private(set) var opening = 0
    private var waiting: [Waiting] = []
    private var closers: [Waiter] = []
    private var isTimerSet = false

    init(maximumConnections: Int, maximumWaiters: Int) {
        precondition(maximumConnections > 0 && maximumWaiters >= 0, "a pool needs connections to lend")
        self.maximumConnections = maximumConnections
        self.maximumWaiters = maximumWaiters
    }

    var idleCount: Int { idle.count }
    var waitingCount: Int { waiting.count }
    private var total: Int { idle.count + lent + opening }

    // MARK: Acquiring

    enum Acquisition {
        case granted(PoolGrant<Connection>)
        /// Wait: call ``enqueue(_:id:deadline:)``.
        case busy
        case refused(PostgresError.Code)
    }

    /// Somebody wants a connection. The one used last is lent first, so that the others may rest.
    mutating func acquire() -> Acquisition {
        guard phase == .running else { return .refused(.poolClosed) }
        if waiting.isEmpty, let connection = idle.popLast() {
            lent += 1
            return .granted(.connection(connection))
        }
        if waiting.isEmpty, total < maximumConnections {
            opening += 1
            return .granted(.opening)
        }
        return waiting.count < maximumWaiters ? .busy : .refused(.poolExhausted)
    }

    enum Enqueueing {
        case granted(PoolGrant<Connection>)
        /// It waits. If an instant is given, call ``expire(now:)`` then.
        case queued(timer: Instant?)
        case refused(PostgresError.Code)
    }

    /// Somebody waits, unless something has come free meanwhile. Deadlines must not decrease from caller to caller.
    mutating func enqueue(_ waiter: Waiter, id: UInt64, deadline: Instant) -> Enqueueing {
        switch acquire() {
        case .granted(let grant): return .granted(grant)
        case .refused(let code): return .refused(code)
        case .busy:
            waiting.append(Waiting(id: id, waiter: waiter, deadline: deadline))
            guard !isTimerSet else { return .queued(timer: nil) }
            isTimerSet = true
            return .queued(timer: deadline)
        }
    }

    /// A caller no longer waits. Returns the one to answer, or `nil` if it was answered already.
    mutating func cancel(id: UInt64) -> Waiter? {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return nil }
        return waiting.remove(at: index).waiter
    }

    /// The timer went off. Returns those who waited too long, and when to call again.
    mutating func expire(now: Instant) -> (expired: [Waiter], timer: Instant?) {
        let count = waiting.firstIndex { $0.deadline > now } ?? waiting.count
        let expired = waiting.prefix(count).map(\.waiter)
        waiting.removeFirst(count)
        isTimerSet = !waiting.isEmpty
        return (expired, waiting.first?.deadline)
    }

    // MARK: Opening

    enum Opened {
        case use
        /// The pool was closed meanwhile: close the connection, then call ``lost()``.
        case close
    }

    /// A connection was opened.
    mutating func opened() -> Opened {
        precondition(opening > 0, "nothing was being opened")
        opening -= 1
        lent += 1
        return phase == .running ? .use : .close
    }

    enum OpeningFailed {
        case nothing
        /// The next in the queue may try.
        case grant(Waiter)
        /// Nobody has reason to wait: give them the same error.
        case fail([Waiter])
        case closed([Waiter])
    }

    /// A connection could not be opened. If the server is away, or no other connection can come free, nobody goes on waiting for it.
    mutating func openingFailed(serverIsAway: Bool) -> OpeningFailed {
        precondition(opening > 0, "nothing was being opened")
        opening -= 1
        if phase == .closing { return .closed(takeClosersIfDrained()) }
        guard !waiting.isEmpty else { return .nothing }
        if serverIsAway {
            defer { waiting.removeAll() }
            return .fail(waiting.map(\.waiter))
        }
        // Somebody else's connection will do, when it comes back.
        if lent + opening > 0 { return .nothing }
        opening += 1
        return .grant(waiting.removeFirst().waiter)
    }

    // MARK: Giving back

    enum Return {
        case kept
        case hand(Connection, to: Waiter)
        case close(Connection, finished: [Waiter])
    }

    /// A connection came back in good order.
    mutating func giveBack(_ connection: Connection) -> Return {
        precondition(lent > 0, "nothing was lent")
        if phase == .closing {
            lent -= 1
            return .close(connection, finished: takeClosersIfDrained())
        }
        if !waiting.isEmpty { return .hand(connection, to: waiting.removeFirst().waiter) }
        lent -= 1
        idle.append(connection)
        return .kept
    }

    enum Loss {
        case nothing
        case grant(Waiter)
        case closed([Waiter])
    }

    /// A lent connection is no more; the next in the queue may open another.
    mutating func lost() -> Loss {
        precondition(lent > 0, "nothing was lent")
        lent -= 1
        if phase == .closing { return .closed(takeClosersIfDrained()) }
        guard !waiting.isEmpty else { return .nothing }
        opening += 1
        return .grant(waiting.removeFirst().waiter)
    }

    /// A lent connection turned out to be dead before it was used: its borrower may open another instead.
    mutating func replace() {
        precondition(lent > 0, "nothing was lent")
        lent -= 1
        opening += 1
    }

    // MARK: Closing

    /// No connection is lent any more. Returns the idle ones, to be closed, and those who waited, to be refused.
    mutating func close() -> (idle: [Connection], waiting: [Waiter]) {
        phase = .closing
        defer {
            idle.removeAll()
            waiting.removeAll()
        }
        return (idle, waiting.map(\.waiter))
    }

    /// Somebody waits until all connections have come back. Returns whether that is so already.
    mutating func awaitDrained(_ closer: Waiter) -> Bool {
        precondition(phase == .closing, "the pool is not being closed")
        if total == 0 { return true }
        closers.append(closer)
        return false
    }

    /// Those who wait for the end wait no more.
    mutating func abandonDraining() -> [Waiter] {
        defer { closers.removeAll() }
        return closers
    }

    private mutating func takeClosersIfDrained() -> [Waiter] {
        total == 0 ? abandonDraining() : []
    }
}
