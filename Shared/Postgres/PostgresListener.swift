package import Logging

/// What somebody told with `NOTIFY`, or `pg_notify`, in a transaction that was committed.
package struct PostgresNotification: Sendable, Hashable {
    /// The channel it was sent to.
    package let channel: String
    /// What was sent along; often empty.
    package let payload: String
    /// The server's process whose session sent it; see ``PostgresPool/isOwn(_:)``.
    package let sender: Int32
}

/// Listens to channels of the database on a connection of its own, which is made anew whenever it breaks.
///
/// Notifications are hints, not a queue: those sent while the connection is away are lost. So ``Event/reconnected`` follows every time that
/// listening has begun (the first time too) and whenever the reader was too slow for the buffer; then look at the tables themselves.
package final class PostgresListener: Sendable {
    /// What a listener tells.
    package enum Event: Sendable, Hashable {
        /// Somebody notified.
        case notification(PostgresNotification)
        /// Notifications may have been missed: look again.
        case reconnected
    }

    /// What is heard, in order, for one reader; it ends when ``run()`` does.
    package let events: AsyncStream<Event>

    private let continuation: AsyncStream<Event>.Continuation
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let logger: Logger

    /// The longest pause before connecting again.
    private static let maximumBackoff: Duration = .seconds(5)

    /// Makes a listener; it listens while ``run()`` runs.
    ///
    /// - Parameters:
    ///   - channels: The names of the channels, as they are: quoted on the way, so they keep their case.
    ///   - bufferLimit: How many events may wait for the reader.
    package init(configuration: PostgresConfiguration, channels: [String], bufferLimit: Int = 256, logger: Logger) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(max(2, bufferLimit)))
    }

    /// Listens until the task is cancelled; call it once.
    package func run() async throws {
        defer { continuation.finish() }
        var failures = 0
        while !Task.isCancelled {
            do throws(PostgresError) {
                let connection = try await connect()
                failures = 0
                continuation.yield(.reconnected)
                while true {
                    for notification in try await connection.notifications() { tell(notification) }
                }
            } catch {
                guard error.code != .cancelled else { return }
                logger.warning("Listening for notifications failed; connecting again", metadata: ["error": "\(error)"])
            }
            guard (try? await Task.sleep(for: Self.backoff(failures))) != nil else { return }
            failures += 1
        }
    }

    private func connect() async throws(PostgresError) -> PostgresConnection {
        let connection = try await PostgresConnection.open(configuration, counters: PostgresCounters())
        let statements = channels.map { channel in
            "LISTEN \"" + channel.flatMap { $0 == "\"" ? [$0, $0] : [$0] } + "\""
        }
        try await connection.run(script: statements.joined(separator: ";"))
        return connection
    }

    private func tell(_ notification: PostgresNotification) {
        if case .dropped = continuation.yield(.notification(notification)) {
            // The oldest was dropped; the marker, being the newest, is not.
            continuation.yield(.reconnected)
        }
    }

    /// 100 ms, doubled with each failure up to 5 s, and shortened at random by up to half, so that many do not come at once.
    static func backoff(_ failures: Int) -> Duration {
        let full = min(maximumBackoff, .milliseconds(100 << min(max(failures, 0), 6)))
        return full * Double.random(in: 0.5...1)
    }
}
