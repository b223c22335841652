import CLibPQ

extension ConnectionHandle {
    /// What was sent, in order; the server answers each.
    private enum Command {
        case reset
        case prepare(StatementCache.Key, statement: Int)
        case execute(statement: Int)

        var statement: Int? {
            switch self {
            case .reset: nil
            case .prepare(_, let statement), .execute(let statement): statement
            }
        }
    }

    /// Runs statements in one round trip: all are sent, then all answers are read.
    ///
    /// An error makes the server skip the rest. Outside a transaction block the statements are one implicit transaction.
    ///
    /// - Returns: The rows of each statement.
    /// - Throws: The first error; `.cancelled`; `.connectionLost` or a fatal error of the server, after which the connection is broken;
    ///   `.commitOutcomeUnknown`, when that leaves a COMMIT in doubt.
    func run(_ trip: RoundTrip) throws(PostgresError) -> [PostgresRows] {
        guard !isBroken else { throw PostgresError(.connectionLost, "The connection broke before.") }
        for statement in trip.statements { try statement.validate() }
        if trip.cancellation?.isRequested == true { throw PostgresError(.cancelled, "The task was cancelled.") }
        var patience = Patience(trip.timeout, cancellation: trip.cancellation)
        var answers = Answers()
        do throws(PostgresError) {
            let commands = try send(trip.statements)
            try flush(&patience)
            answers.wasSent = true
            try read(commands, of: trip, into: &answers, &patience)
            try settle(&patience)
        } catch {
            isBroken = true
            throw answers.verdict(on: error, of: trip, cancelled: patience.isCancelling)
        }
        guard let error = answers.error else { return answers.rows }
        if error.isFatal { isBroken = true }
        if error.code == .stalePlan { cache.distrust() }
        throw answers.verdict(on: error, of: trip, cancelled: patience.isCancelling)
    }

    private func send(_ statements: [SQL]) throws(PostgresError) -> [Command] {
        var commands: [Command] = []
        commands.reserveCapacity(statements.count + 2)
        if cache.needsReset, !isInTransaction {
            cache.forgetAll()
            try check(unsafe PQsendQueryParams(connection, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 1))
            commands.append(.reset)
        }
        for (index, statement) in statements.enumerated() {
            let key = StatementCache.Key(text: statement.text, types: statement.types)
            switch cache.plan(for: key) {
            case .run(let name):
                try execute(statement, name: name)
            case .prepare(let name):
                try check(unsafe PQsendPrepare(connection, name, statement.text, Int32(statement.types.count), statement.types))
                commands.append(.prepare(key, statement: index))
                try execute(statement, name: name)
            case .unprepared:
                try execute(statement, name: nil)
            }
            commands.append(.execute(statement: index))
        }
        try check(unsafe PQpipelineSync(connection))
        return commands
    }

    private func execute(_ statement: SQL, name: String?) throws(PostgresError) {
        let count = statement.types.count
        while formats.count < count { formats.append(1) }
        // A pointer that is not null is needed for an empty value, and an empty array may have none.
        let sent = unsafe statement.bytes.withUnsafeBytes { bytes in
            var empty: CChar = 0
            return unsafe withUnsafePointer(to: &empty) { placeholder in
                unsafe valuePointers.removeAll(keepingCapacity: true)
                var next = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? placeholder
                for length in statement.lengths {
                    unsafe valuePointers.append(length < 0 ? nil : next)
                    if length > 0 { unsafe next += Int(length) }
                }
                guard let name else {
                    return unsafe PQsendQueryParams(
                        connection,
                        statement.text,
                        Int32(count),
                        statement.types,
                        valuePointers,
                        statement.lengths,
                        formats,
                        1
                    )
                }
                return unsafe PQsendQueryPrepared(connection, name, Int32(count), valuePointers, statement.lengths, formats, 1)
            }
        }
        try check(sent)
    }

    func check(_ result: Int32) throws(PostgresError) {
        if result == 0 { throw lost() }
    }

    /// Sends all that libpq holds, and reads meanwhile, lest both sides wait for the other to read.
    func flush(_ patience: inout Patience) throws(PostgresError) {
        while true {
            switch unsafe PQflush(connection) {
            case 0: return
            case 1: try receive(writing: true, &patience)
            default: throw lost()
            }
        }
    }

    private func read(_ commands: [Command], of trip: RoundTrip, into answers: inout Answers, _ patience: inout Patience)
        throws(PostgresError)
    {
        for command in commands {
            guard let result = try nextResult(&patience) else { throw lost() }
            let kind = result.kind
            switch command {
            case .reset:
                break
            case .prepare(let key, _):
                if kind != .command { cache.forget(key) }
            case .execute(let statement):
                if kind == .rows || kind == .command {
                    answers.rows.append(result.rows())
                    if trip.commits, statement == trip.statements.count - 1, result.saysRollback {
                        answers.error = PostgresError(.transactionAborted, "The transaction had failed before, and was rolled back.")
                    }
                }
            }
            if kind == .failure, answers.error == nil {
                answers.error = result.error(statement: command.statement.map { trip.statements[$0].text })
            }
            if answers.error?.isFatal == true { return }
            guard try nextResult(&patience) == nil else { throw unexpected() }
        }
        // Statements without BEGIN are committed here, which can fail too.
        try readSynchronisation(into: &answers, &patience)
    }

    /// Statements without BEGIN are committed with it, which can fail too; the error comes before it, ended by `nil` as all answers are.
    private func readSynchronisation(into answers: inout Answers, _ patience: inout Patience) throws(PostgresError) {
        var failed = false
        while true {
            guard let result = try nextResult(&patience) else {
                guard failed else { throw unexpected() }
                failed = false
                continue
            }
            if result.kind == .synchronised { return }
            guard result.kind == .failure, !failed else { throw unexpected() }
            failed = true
            if answers.error == nil { answers.error = result.error(statement: nil) }
            if answers.error?.isFatal == true { return }
        }
    }

    private func unexpected() -> PostgresError {
        unsafe PQstatus(connection) == CONNECTION_BAD ? lost() : PostgresError(.protocolViolation, "An answer came that was not asked for.")
    }

    /// `nil` ends the answers to one command.
    func nextResult(_ patience: inout Patience) throws(PostgresError) -> ResultHandle? {
        while unsafe PQisBusy(connection) == 1 { try receive(&patience) }
        guard let result = unsafe PQgetResult(connection) else { return nil }
        return unsafe ResultHandle(owning: result)
    }

    /// A request to cancel that is still under way could hit a later statement: it is waited for.
    func settle(_ patience: inout Patience) throws(PostgresError) {
        while patience.isCancelling, patience.cancellation?.isSent == false { try receive(&patience) }
    }
}

/// What is known of a round trip so far.
private struct Answers {
    var rows: [PostgresRows] = []
    var error: PostgresError?
    /// Everything has left this process.
    var wasSent = false

    /// What the caller is told of an error.
    func verdict(on error: PostgresError, of trip: RoundTrip, cancelled: Bool) -> PostgresError {
        // A complaint about a statement before the COMMIT settles it; so does a COMMIT that never left.
        let first = self.error ?? error
        let isLoss = first.isFatal || first.code == .connectionLost || first.code == .protocolViolation
        let named = first.isFatal && first.sqlState != nil && rows.count < trip.statements.count - 1
        if trip.commits, isLoss, wasSent, !named { return first.recoded(.commitOutcomeUnknown) }
        if cancelled, isLoss || first.code == .timeout { return first.recoded(.cancelled) }
        return first
    }
}
