package import Logging
package import Postgres
import ServiceLifecycle

/// Deletes stored answers that have had their day, a bounded number at a time, so that the table stays small and no statement runs long.
///
/// Rows older than ``IdempotentCommands/lifetime`` are not used any more whether they are deleted or not. While the database cannot be
/// reached, nothing happens until the next round.
package struct ExpireIdempotencyKeys<Time: Clock>: Service, CustomStringConvertible where Time.Duration == Duration {
    private let postgres: PostgresPool
    private let interval: Duration
    private let batchSize: Int
    private let clock: Time
    private let logger: Logger

    /// - Parameters:
    ///   - interval: How long to pause between rounds.
    ///   - batchSize: How many rows one statement deletes at most.
    package init(
        postgres: PostgresPool,
        interval: Duration = .seconds(600),
        batchSize: Int = 1000,
        clock: Time = ContinuousClock(),
        logger: Logger
    ) {
        self.postgres = postgres
        self.interval = interval
        self.batchSize = batchSize
        self.clock = clock
        self.logger = logger
    }

    package var description: String { "idempotency key expiry" }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await clock.sleep(for: interval)) != nil {
                do {
                    let count = try await expire()
                    if count > 0 { logger.debug("Idempotency keys expired", metadata: [LogKeys.count: .stringConvertible(count)]) }
                } catch {
                    logger.warning("Idempotency keys could not be expired", metadata: [LogKeys.error: "\(error)"])
                }
            }
        }
    }

    /// Deletes what has expired now, in at most 100 batches.
    ///
    /// - Returns: How many rows.
    package func expire() async throws -> Int {
        var total = 0
        for _ in 0..<100 {
            let deleted = try await postgres.query(
                """
                DELETE FROM messaging.idempotency_keys WHERE (scope, key) IN (
                    SELECT scope, key FROM messaging.idempotency_keys
                    WHERE created_at < now() - \(IdempotentCommands.lifetime.components.seconds) * interval '1 second'
                    ORDER BY created_at LIMIT \(Int64(batchSize)) FOR UPDATE SKIP LOCKED
                )
                """
            ).affectedRows
            total += deleted
            if deleted < batchSize { break }
        }
        return total
    }
}
