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

    private struct State {
        var consumer: KafkaConsumer?
        var holdingBecause: String?
    }

    private let makeConsumer: @Sendable () async throws -> KafkaConsumer
    private let processor: EventProcessor
    private let configuration: Configuration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter makeConsumer: Joins the group. Called at first and whenever a consumer has met a fatal error.
    package init(
        processor: EventProcessor,
        configuration: Configuration = Configuration(),
        logger: Logger,
        makeConsumer: @escaping @Sendable () async throws -> KafkaConsumer
    ) {
        self.makeConsumer = makeConsumer
        self.processor = processor
        self.configuration = configuration
        self.logger = logger
    }

    /// Why the consumer is holding, or `nil` while records flow.
    package var holdingBecause: String? { state.withLock { $0.holdingBecause } }

    /// Whether the group has given this member its share.
    package var isAssigned: Bool { state.withLock { $0.consumer?.isAssigned ?? false } }

    /// Consumes until a graceful shutdown or cancellation; finishes the batch in flight and leaves the group.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = self.configuration.firstPause
            while !Task.isCancelled {
                do {
                    let consumer = try await self.consumer()
                    let batch = try await consumer.nextBatch(
                        maximumRecords: self.configuration.maximumBatch,
                        within: self.configuration.pollTimeout
                    )
                    if !batch.isEmpty { try await self.process(batch, from: consumer) }
                    // Also when nothing came: what was rewound comes first, so nothing is held any more.
                    self.state.withLock { $0.holdingBecause = nil }
                    pause = self.configuration.firstPause
                } catch {
                    if Task.isCancelled { break }
                    MessagingMetrics.infrastructureFailures.increment()
                    self.logger.warning("records have to wait", metadata: ["error": "\(error)"])
                    self.state.withLock { $0.holdingBecause = "\(error)" }
                    await self.leaveAfterFatalError()
                    await Signal().wait(for: pause)
                    pause = min(pause * 2, self.configuration.longestPause)
                }
            }
        }
        await Task { await self.leave() }.value
    }

    private func consumer() async throws -> KafkaConsumer {
        if let consumer = state.withLock({ $0.consumer }) { return consumer }
        let consumer = try await makeConsumer()
        state.withLock { state in
            state.consumer = consumer
            state.holdingBecause = nil
        }
        return consumer
    }

    /// Not cancelled with the loop: a batch that was begun is finished.
    private func process(_ batch: ConsumerBatch, from consumer: KafkaConsumer) async throws {
        try await Task {
            do {
                try await processor.process(batch.records)
                try await consumer.commit(batch)
            } catch {
                consumer.rewind(batch)
                throw error
            }
        }.value
    }

    private func leaveAfterFatalError() async {
        if let error = state.withLock({ $0.consumer?.fatalError }) {
            logger.error("the consumer is made anew", metadata: ["error": "\(error)"])
            await leave()
        }
    }

    private func leave() async {
        let consumer = state.withLock { state in
            defer { state.consumer = nil }
            return state.consumer
        }
        await consumer?.close()
    }
}
