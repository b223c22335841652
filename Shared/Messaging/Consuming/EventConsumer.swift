import CoreMetrics
package import Kafka
package import Logging
import ServiceLifecycle
import Synchronization

/// Takes batches from Kafka, has them processed, and moves on only after the transaction.
///
/// While Postgres is away the consumer holds: it goes back to where the batch began, pauses, and takes the batch again. Nothing is skipped
/// and nothing becomes a dead letter for that reason.
package final class EventConsumer: Service {
    /// Limits of the loop.
    package struct Configuration: Sendable {
        /// Records in a batch, and so in a transaction.
        package var maximumBatch = 500
        /// How long to wait for the first record of a batch before looking whether to stop.
        package var pollTimeout = Duration.seconds(5)
        /// The first pause after a failure; doubles up to the longest.
        package var firstPause = Duration.milliseconds(100)
        /// The longest pause after a failure.
        package var longestPause = Duration.seconds(5)

        package init() {}
    }

    private let consumer: KafkaConsumer
    private let processor: EventProcessor
    private let configuration: Configuration
    private let logger: Logger
    private let failure = Mutex<String?>(nil)

    package init(consumer: KafkaConsumer, processor: EventProcessor, configuration: Configuration = Configuration(), logger: Logger) {
        self.consumer = consumer
        self.processor = processor
        self.configuration = configuration
        self.logger = logger
    }

    /// Why the consumer is holding, or `nil` while records flow.
    package var holdingBecause: String? { failure.withLock { $0 } }

    /// Consumes until a graceful shutdown or cancellation; finishes the batch in flight and leaves the group.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = self.configuration.firstPause
            while !Task.isCancelled {
                do {
                    let batch = try await self.consumer.nextBatch(
                        maximumRecords: self.configuration.maximumBatch, within: self.configuration.pollTimeout)
                    if batch.isEmpty { continue }
                    guard await self.process(batch) else {
                        await Signal().wait(for: pause)
                        pause = min(pause * 2, self.configuration.longestPause)
                        continue
                    }
                    pause = self.configuration.firstPause
                } catch {
                    if Task.isCancelled { break }
                    self.logger.error("the consumer could not take a batch", metadata: ["error": "\(error)"])
                    await Signal().wait(for: pause)
                    pause = min(pause * 2, self.configuration.longestPause)
                }
            }
        }
        await Task { await consumer.close() }.value
    }

    /// Not cancelled with the loop: a batch that was begun is finished.
    private func process(_ batch: ConsumerBatch) async -> Bool {
        await Task {
            do {
                try await processor.process(batch.records)
                try await consumer.commit(batch)
                failure.withLock { $0 = nil }
                return true
            } catch {
                MessagingMetrics.infrastructureFailures.increment()
                logger.warning("a batch has to wait", metadata: ["records": "\(batch.records.count)", "error": "\(error)"])
                failure.withLock { $0 = "\(error)" }
                consumer.rewind(batch)
                return false
            }
        }.value
    }
}
