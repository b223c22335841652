import EventContracts
import Kafka
package import Logging
package import Postgres
import ServiceLifecycle

/// Tries parked sequences again: at once when their gate opens, otherwise with growing pauses, and in order.
///
/// One event a transaction: its effect, its removal and, after the last one, the end of the parking are committed together. A sequence
/// whose head was tried too often is dead: the head becomes a dead letter, the followers stay.
package struct ParkedRetries: Service {
    /// Limits on waiting and retrying; every value is bounded.
    package struct Configuration: Sendable {
        /// The pause before the second attempt; it doubles from attempt to attempt.
        package var firstPause = Duration.seconds(1)
        /// The longest pause.
        package var longestPause = Duration.seconds(60)
        /// Attempts after which an event that fails is given up.
        package var maximumAttempts = 12
        /// How long an event may wait for its gate.
        package var longestWait = Duration.seconds(24 * 3600)
        /// Sequences taken up in one round.
        package var sequencesPerRound = 100
        /// How often to look when nothing is due that this process knows of.
        package var pollInterval = Duration.seconds(15)
        /// How long to leave sequences alone that another transaction works on.
        package var busyPause = Duration.milliseconds(20)

        package init() {}
    }

    private let postgres: PostgresPool
    private let router: EventRouter
    private let parked: ParkedSequences
    private let wakeUp: Signal
    private let configuration: Configuration
    private let logger: Logger

    /// - Parameter wakeUp: The signal that `parked` notifies.
    package init(
        postgres: PostgresPool,
        router: EventRouter,
        parked: ParkedSequences,
        wakeUp: Signal,
        configuration: Configuration = Configuration(),
        logger: Logger
    ) {
        self.postgres = postgres
        self.router = router
        self.parked = parked
        self.wakeUp = wakeUp
        self.configuration = configuration
        self.logger = logger
    }

    /// Retries what is due until a graceful shutdown or cancellation.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    let due = try await dueSequences()
                    var allAreBusy = true
                    for sequence in due where !Task.isCancelled {
                        if try await retry(sequence) { allAreBusy = false }
                    }
                    if due.isEmpty {
                        await wakeUp.wait(for: try await untilNextDue())
                    } else if allAreBusy {
                        await wakeUp.wait(for: configuration.busyPause)
                    }
                } catch {
                    if Task.isCancelled { return }
                    logger.warning("parked sequences could not be retried", metadata: ["error": "\(error)"])
                    await wakeUp.wait(for: configuration.pollInterval)
                }
            }
        }
    }

    private func dueSequences() async throws -> [EventSequence] {
        try await postgres.query(
            """
            SELECT topic, key FROM messaging.parked_sequences
            WHERE consumer_group = \(parked.group) AND state <> 'dead' AND next_attempt_at <= now()
            ORDER BY next_attempt_at LIMIT \(Int64(configuration.sequencesPerRound))
            """
        ).decode(String.self, String.self).map { EventSequence(topic: $0.0, key: $0.1) }
    }

    private func untilNextDue() async throws -> Duration {
        let milliseconds = try await postgres.query(
            """
            SELECT ceil(extract(epoch FROM min(next_attempt_at) - now()) * 1000)::bigint FROM messaging.parked_sequences
            WHERE consumer_group = \(parked.group) AND state <> 'dead'
            """
        ).decode(Int64?.self)[0]
        guard let milliseconds else { return configuration.pollInterval }
        return min(configuration.pollInterval, .milliseconds(max(milliseconds, 1)))
    }

    /// How the try of a head ended.
    private enum Step {
        /// It was handled, and there is another one.
        case next
        /// It waits for another gate than the one that was locked: only a look under that gate's lock tells whether it may be left waiting.
        case lookAgain
        /// There is nothing more to do for now.
        case stay
        /// Another transaction works on the sequence.
        case busy
    }

    /// Handles a sequence's events one after the other, until it is empty or one of them has to stay.
    ///
    /// - Returns: Whether anything was done; `false` when another transaction works on the sequence.
    private func retry(_ sequence: EventSequence) async throws -> Bool {
        var step = Step.next
        while !Task.isCancelled {
            var tried = Tried()
            do {
                step = try await retryHead(of: sequence, after: step, noting: &tried)
            } catch let error as PostgresError where error.code == .deadlock || error.code == .serializationFailure {
                return false
            } catch let error as PostgresError where error.isRetriable && !error.isUnavailable {
                // A statement or a lock took too long: no fault of the event, and no reason to keep the other sequences waiting.
                logger.warning("a parked event could not be tried", metadata: ["topic": "\(sequence.topic)", "error": "\(error)"])
                _ = try await postgres.query(parked.postpone(sequence, by: configuration.pollInterval))
                return true
            } catch let error where Failure(error) == .infrastructure {
                throw error
            } catch {
                logger.error(
                    "a parked event failed again",
                    metadata: ["topic": "\(sequence.topic)", "error": "\(String(reflecting: error))"]
                )
                do {
                    try await noteFailure(of: sequence, tried, Failure.summary(of: error))
                } catch let error as PostgresError where error.isRetriable && !error.isUnavailable {
                    return false
                }
                return true
            }
            switch step {
            case .next, .lookAgain: continue
            case .stay: return true
            case .busy: return false
            }
        }
        return true
    }

    /// What was tried, so that a failure is noted of this and of nothing that another instance has made of it meanwhile.
    private struct Tried {
        var event: Int64?
        var attempts: Int32 = 0
    }

    private func retryHead(of sequence: EventSequence, after previous: Step, noting tried: inout Tried) async throws -> Step {
        tried = Tried()
        // The gate's lock comes before the row's; whoever opens the gate takes them the other way round. That is safe only because the row is
        // not waited for (SKIP LOCKED).
        let gate = try await postgres.query(
            """
            SELECT gate FROM messaging.parked_sequences
            WHERE consumer_group = \(parked.group) AND topic = \(sequence.topic) AND key = \(sequence.key)
            """
        ).decode(String?.self).first.flatMap { $0 }.map(Gate.init(rawValue:))

        var attempt = Tried()
        defer { tried = attempt }
        return try await postgres.withTransaction { transaction in
            if let gate { transaction.enqueue(ParkedSequences.lock([gate])) }
            let results = try await transaction.query([
                """
                SELECT parked_at < now() - \(configuration.longestWait.wholeMilliseconds) * interval '1 millisecond', attempts
                FROM messaging.parked_sequences
                WHERE consumer_group = \(parked.group) AND topic = \(sequence.topic) AND key = \(sequence.key) AND state <> 'dead'
                FOR UPDATE SKIP LOCKED
                """,
                """
                SELECT id, partition, record_offset, value, header_names, header_values FROM messaging.parked_events
                WHERE consumer_group = \(parked.group) AND topic = \(sequence.topic) AND key = \(sequence.key)
                ORDER BY id LIMIT 2
                """,
            ])
            guard let (isOverdue, attempts) = try results[0].decode(Bool.self, Int32.self).first else { return .busy }
            guard let head = results[1].first else {
                transaction.enqueue(parked.unpark(sequence))
                return .stay
            }
            let (id, partition, offset, value, names, values) = try head.decode(
                Int64.self,
                Int32.self,
                Int64.self,
                [UInt8].self,
                [String].self,
                [String].self
            )
            attempt = Tried(event: id, attempts: attempts)
            let record = ConsumedRecord(
                topic: sequence.topic,
                partition: partition,
                offset: offset,
                timestampMilliseconds: 0,
                key: Array(sequence.key.utf8),
                value: value,
                headers: zip(names, values).map { KafkaHeader(name: $0, value: Array($1.utf8)) }
            )
            guard case .delivery(let delivery) = Arrival(record, router: router) else { throw NoLongerHandled() }
            if let waiting = try await router.handle([delivery], by: delivery.route, in: transaction).first {
                if isOverdue { throw GateStayedClosed(gate: waiting.gate) }
                transaction.enqueue(
                    parked.stillWaiting(sequence, for: waiting.gate, pause: configuration.firstPause, longest: configuration.longestPause)
                )
                return waiting.gate != gate && previous != .lookAgain ? .lookAgain : .stay
            }
            transaction.enqueue(DeadLetters(group: parked.group).cure(parkedEvent: id))
            transaction.enqueue("DELETE FROM messaging.parked_events WHERE id = \(id)")
            if results[1].count == 1 {
                transaction.enqueue(parked.unpark(sequence))
                return .stay
            }
            transaction.enqueue(parked.next(sequence))
            return .next
        }
    }

    /// Between the attempt, which was rolled back, and this, another instance may have tried the same event, or dealt with it.
    private func noteFailure(of sequence: EventSequence, _ attempt: Tried, _ error: String) async throws {
        try await postgres.withTransaction { transaction in
            let rows = try await transaction.query(
                """
                SELECT s.state, s.attempts, e.id FROM messaging.parked_sequences s JOIN messaging.parked_events e USING (consumer_group, topic, key)
                WHERE s.consumer_group = \(parked.group) AND s.topic = \(sequence.topic) AND s.key = \(sequence.key) AND s.state <> 'dead'
                ORDER BY e.id LIMIT 1 FOR UPDATE OF s
                """
            )
            guard let (state, attempts, head) = try rows.decode(String.self, Int32.self, Int64.self).first,
                head == attempt.event, attempts == attempt.attempts
            else { return }
            // Looks at a closed gate were no failures.
            let tried = state == "waiting" ? 1 : Int(attempts) + 1
            let gaveUp = tried >= configuration.maximumAttempts
            if gaveUp {
                for statement in DeadLetters(group: parked.group).bury(parkedEvent: head, attempts: tried, error: error) {
                    transaction.enqueue(statement)
                }
                transaction.enqueue("DELETE FROM messaging.parked_events WHERE id = \(head)")
                transaction.onCommit { MessagingMetrics.records("dead", count: 1) }
            }
            let pause = min(configuration.longestPause, configuration.firstPause * (1 << min(tried, 16)))
            transaction.enqueue(
                parked.failed(sequence, attempts: tried, error: error, isDead: gaveUp, pause: pause * Double.random(in: 0.8...1.2))
            )
        }
    }
}

/// What an event waits for has not come in all the time that it may wait.
struct GateStayedClosed: Error {
    let gate: Gate
}

/// A parked event whose handler is gone or cannot read it any more.
struct NoLongerHandled: Error {}
