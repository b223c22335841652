import CoreMetrics
package import Kafka
package import Logging
package import Postgres
import ServiceLifecycle

/// Publishes the outbox to Kafka: every committed event, at least once, each key's events in the order of their commits.
///
/// Of all instances of a service one leads (``RelayLease``); the others stand by. The leader reads what is new or was missing
/// (``MissingEvents``), hands it to the producer in id order, waits for every delivery report and only then moves the position. Whatever
/// dies in between, the next leader starts at the position: a few events are repeated, which the inbox drops, and none is skipped.
package struct Relay: Service {
    /// How the relay behaves; every value is bounded.
    package struct Configuration: Sendable {
        /// Events in one read and one flight to the broker.
        package var maximumBatch = 1000
        /// How often the leader looks without being woken, in case a notification was lost, and a standby asks for the lease.
        package var pollInterval = Duration.seconds(2)
        /// How long the position may stay behind what was published: events of that time are repeated after a crash.
        package var positionDelay = Duration.milliseconds(100)
        /// How long to wait after a failure.
        package var retryDelay = Duration.milliseconds(500)

        package init() {}
    }

    private let postgres: PostgresPool
    private let lease: RelayLease
    private let wakeUp: Signal
    private let leadershipFree: Signal
    private let configuration: Configuration
    private let makeProducer: @Sendable () async throws -> KafkaProducer
    private let logger: Logger

    /// - Parameters:
    ///   - wakeUp: Notified when events were appended, by this process or by another.
    ///   - leadershipFree: Notified when a leader let go.
    ///   - makeProducer: Called for every term: a producer that met a fatal error, or whose queue was purged, is not used again.
    package init(
        postgres: PostgresPool,
        lease: RelayLease,
        wakeUp: Signal,
        leadershipFree: Signal,
        configuration: Configuration = Configuration(),
        logger: Logger,
        makeProducer: @escaping @Sendable () async throws -> KafkaProducer
    ) {
        self.postgres = postgres
        self.lease = lease
        self.wakeUp = wakeUp
        self.leadershipFree = leadershipFree
        self.configuration = configuration
        self.makeProducer = makeProducer
        self.logger = logger
    }

    /// Leads or stands by until a graceful shutdown or cancellation.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await leadOnce()
            }
        }
    }

    /// One attempt to lead, as long as it goes well.
    private func leadOnce() async {
        do {
            guard let term = try await lease.acquire(from: postgres) else {
                await leadershipFree.wait(for: configuration.pollInterval)
                return
            }
            logger.info("leading the relay", metadata: ["epoch": "\(term.epoch)", "position": "\(term.position)"])
            try await lead(term)
        } catch is LeadershipLost {
            logger.warning("the relay's lease went to another instance")
        } catch {
            if Task.isCancelled { return }
            MessagingMetrics.relayFailures.increment()
            logger.log(
                level: Failure(error).logLevel,
                "the relay failed and starts again at its position",
                metadata: ["error": "\(error)"]
            )
            await leadershipFree.wait(for: configuration.retryDelay)
        }
    }

    private func lead(_ term: RelayLease.Term) async throws {
        let producer = try await makeProducer()
        var reader = RelayReader(
            lease: lease,
            term: term,
            maximumEvents: configuration.maximumBatch,
            positionDelay: configuration.positionDelay
        )
        var published = term.position
        let result: Result<Void, any Error>
        do {
            while !Task.isCancelled {
                let batch = try await reader.next(epoch: term.epoch, from: postgres)
                if !batch.ids.isEmpty {
                    try await publish(batch.records, through: producer)
                    published = reader.known.position
                }
                if !batch.isFull { await wakeUp.wait(for: pause(before: reader)) }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await letGo(of: term, producer: producer, published: published)
        try result.get()
    }

    /// How long the next read has time if nothing wakes the relay: short enough to renew the lease and to write the position.
    private func pause(before reader: RelayReader) -> Duration {
        let pause = min(configuration.pollInterval, lease.duration / 3)
        return min(reader.known.missing.isEmpty ? pause : Self.pauseForMissing, reader.positionIsDueIn ?? pause)
    }

    /// Whoever commits a missing event wakes the relay; one that was rolled back tells nobody.
    private static let pauseForMissing = Duration.milliseconds(100)

    private func publish(_ records: [KafkaRecord], through producer: KafkaProducer) async throws {
        for report in try await producer.send(records) {
            if case .failure(let error) = report { throw error }
        }
        MessagingMetrics.relayed.increment(by: records.count)
    }

    /// Ends a term on every path. Runs outside the cancelled task, so that a shutdown still hands the lease on.
    private func letGo(of term: RelayLease.Term, producer: KafkaProducer, published: Int64) async {
        await Task {
            await producer.close(within: .seconds(1))
            do {
                try await lease.release(epoch: term.epoch, position: published, in: postgres)
            } catch {
                logger.debug("the relay's lease will run out by itself", metadata: ["error": "\(error)"])
            }
        }.value
    }
}
