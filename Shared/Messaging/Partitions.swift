package import Logging
package import Postgres
import ServiceLifecycle

/// Makes the coming weeks' partitions of the outbox and the inbox ahead of time.
///
/// If it could not for weeks, rows would go to the default partition: nothing is lost, only the dropping of old partitions gets slower.
package struct Partitions: Service {
    private let postgres: PostgresPool
    private let interval: Duration
    private let logger: Logger

    package init(postgres: PostgresPool, interval: Duration = .seconds(6 * 3600), logger: Logger) {
        self.postgres = postgres
        self.interval = interval
        self.logger = logger
    }

    /// Looks now and then, until a graceful shutdown or cancellation.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            let never = Signal()
            while !Task.isCancelled {
                do {
                    _ = try await postgres.query("SELECT messaging.ensure_partitions(4)")
                } catch {
                    logger.warning("partitions could not be made ahead of time", metadata: ["error": "\(error)"])
                }
                await never.wait(for: interval)
            }
        }
    }
}
