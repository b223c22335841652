/// Which statements are prepared on a connection, and under which names.
///
/// Bounded: when it is full, further statements are run unprepared, until the connection finds itself outside a transaction and starts anew.
struct StatementCache {
    /// What makes a statement: the same text with other types is another one.
    struct Key: Hashable {
        let text: String
        let types: [PostgresOID]
    }

    /// What is to be done to run a statement.
    enum Plan: Equatable {
        /// It is prepared under this name.
        case run(String)
        /// It must be prepared under this name, which is taken from now on.
        case prepare(String)
        /// There is no room: it runs without a name.
        case unprepared
    }

    private let limit: Int
    private var names: [Key: String] = [:]
    private var made = 0
    private var isDistrusted = false

    init(limit: Int) {
        self.limit = limit
    }

    var isFull: Bool { names.count >= limit }
    /// Whether everything should be deallocated at the next opportunity.
    var needsReset: Bool { isFull || isDistrusted }
    var count: Int { names.count }

    mutating func plan(for key: Key) -> Plan {
        if let name = names[key] { return .run(name) }
        guard !isFull else { return .unprepared }
        made += 1
        // A name is never used again, so that a statement that was forgotten here but not there is no hindrance.
        let name = "s\(made)"
        names[key] = name
        return .prepare(name)
    }

    /// The statement could not be prepared.
    mutating func forget(_ key: Key) {
        names[key] = nil
    }

    /// The schema changed under a prepared statement; others may be stale as well.
    mutating func distrust() {
        isDistrusted = true
    }

    mutating func forgetAll() {
        names.removeAll(keepingCapacity: true)
        isDistrusted = false
    }
}
