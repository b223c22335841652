import CLibPQ

extension ConnectionHandle {
    /// Runs a text of several statements, as migrations are, through the simple protocol; rows are dropped.
    ///
    /// - Throws: The first error; `.connectionLost`.
    func run(script: String, _ trip: RoundTrip) throws(PostgresError) {
        guard !isBroken else { throw PostgresError(.connectionLost, "The connection broke before.") }
        guard !script.utf8.contains(0) else { throw PostgresError(.invalidText, "A script holds a NUL byte.") }
        var patience = Patience(trip.timeout, cancellation: trip.cancellation)
        var failure: PostgresError?
        do throws(PostgresError) {
            try check(unsafe PQexitPipelineMode(connection))
            try check(unsafe PQsendQuery(connection, script))
            try flush(&patience)
            while let result = try nextResult(&patience) {
                if result.kind == .failure, failure == nil { failure = result.error(statement: nil) }
                if failure?.isFatal == true { break }
            }
            try settle(&patience)
            if failure?.isFatal != true { try check(unsafe PQenterPipelineMode(connection)) }
        } catch {
            isBroken = true
            throw failure ?? error
        }
        guard let failure else { return }
        if failure.isFatal { isBroken = true }
        throw patience.isCancelling && failure.code == .timeout ? failure.recoded(.cancelled) : failure
    }
}
