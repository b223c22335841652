import Logging
import Postgres

/// Brings the schema up to date before anything runs, and waits a while for a database that is not there yet.
struct Startup {
    let migrate: @Sendable (Logger) async throws -> Void
    let timeout: Duration
    let logger: Logger

    /// Tries again, at growing intervals of at most 2 s, while the database cannot be reached; every other error ends it at once.
    ///
    /// - Throws: The migration's error; ``DatabaseUnreachable`` when `timeout` has passed.
    func run() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        var pause = Duration.milliseconds(100)
        while true {
            do {
                return try await migrate(logger)
            } catch let error as PostgresError where error.isUnavailable && clock.now + pause < deadline {
                logger.warning("The database cannot be reached yet", metadata: [LogKeys.error: "\(error)"])
                try await clock.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            } catch let error as PostgresError where error.isUnavailable {
                throw DatabaseUnreachable(waited: timeout, cause: error)
            }
        }
    }
}

/// The database could not be reached while the service waited for it.
struct DatabaseUnreachable: Error, CustomStringConvertible {
    let waited: Duration
    let cause: PostgresError

    var description: String {
        "The database at DATABASE_URL could not be reached within \(DurationText.text(of: waited)) (\(cause.code))."
    }
}
