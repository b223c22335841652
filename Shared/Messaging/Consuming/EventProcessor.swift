import CoreMetrics
import EventContracts
package import Kafka
package import Logging
package import Postgres

/// Brings a batch of records to their handlers: once each, in order, in as few transactions as possible.
///
/// One transaction for the whole batch is the rule. A batch that fails because of what is in it is halved until the record at fault is
/// found; that record's sequence is parked and everything else goes on. A failure of the database itself is thrown: nothing is wrong with
/// the records, and they have to come again.
package struct EventProcessor: Sendable {
    /// Limits on retries; every value is bounded.
    package struct Configuration: Sendable {
        /// Attempts of one event in place, before its sequence is parked.
        package var attemptsInPlace = 3
        /// Attempts of a transaction that met a deadlock or a serialization failure.
        package var transactionAttempts = 5
        /// When a parked sequence is first tried again.
        package var firstRetry = Duration.seconds(1)

        package init() {}
    }

    private let postgres: PostgresPool
    private let router: EventRouter
    private let inbox: Inbox
    private let parked: ParkedSequences
    private let deadLetters: DeadLetters
    private let configuration: Configuration
    private let logger: Logger

    package init(
        postgres: PostgresPool,
        router: EventRouter,
        parked: ParkedSequences,
        configuration: Configuration = Configuration(),
        logger: Logger
    ) {
        self.postgres = postgres
        self.router = router
        self.parked = parked
        self.configuration = configuration
        self.logger = logger
        inbox = Inbox(group: parked.group)
        deadLetters = DeadLetters(group: parked.group)
    }

    /// Handles, parks or gives up every record.
    ///
    /// - Throws: Only what is not the records' fault; then some may have been handled and all may come again.
    package func process(_ records: [ConsumedRecord]) async throws {
        var deliveries: [Delivery] = []
        var ignored = 0
        for record in records {
            switch Arrival(record, router: router) {
            case .delivery(let delivery): deliveries.append(delivery)
            case .ignored: ignored += 1
            case .undecodable(let record, let error): try await bury(record, error)
            }
        }
        MessagingMetrics.records("ignored", count: ignored)
        if !deliveries.isEmpty { try await handle(deliveries) }
    }

    /// Handles a batch, or its halves, or parks its only member. At most two calls per record.
    private func handle(_ deliveries: [Delivery]) async throws {
        var failures = 0
        while true {
            do {
                return try await handleTogether(deliveries)
            } catch let error where Failure(error) == .infrastructure {
                throw error
            } catch {
                failures += 1
                if deliveries.count > 1 {
                    let middle = deliveries.count / 2
                    try await handle(Array(deliveries[..<middle]))
                    return try await handle(Array(deliveries[middle...]))
                }
                if failures >= configuration.attemptsInPlace { return try await park(deliveries[0], because: error) }
            }
        }
    }

    /// One transaction for all. Starts again when an event has to wait whose followers were already handled in it.
    private func handleTogether(_ deliveries: [Delivery]) async throws {
        var waiting: [EventSequence: WaitingEvent] = [:]
        // Each turn names a sequence in `waiting` or an earlier event of one, so there are at most as many turns as events.
        while true {
            do {
                let waitingNow = waiting
                return try await retryingConflicts {
                    try await postgres.withTransaction { transaction in
                        try await handle(deliveries, waiting: waitingNow, in: transaction)
                    }
                }
            } catch let overtaken as Overtaken {
                waiting.merge(overtaken.waiting) { _, earlier in earlier }
            }
        }
    }

    private func handle(
        _ deliveries: [Delivery],
        waiting known: [EventSequence: WaitingEvent],
        in transaction: borrowing Transaction
    ) async throws {
        let results = try await transaction.query([
            inbox.mark(deliveries.map(\.id)), parked.locked(Set(deliveries.map(\.sequence))),
        ])
        var unseen = Set(try results[0].decode(EventID.self))
        let blocked = Set(try results[1].decode(String.self, String.self).map { EventSequence(topic: $0.0, key: $0.1) })

        // A repeat within the batch finds its id already taken.
        let fresh = deliveries.filter { unseen.remove($0.id) != nil }
        var plan = BatchPlan(fresh, blocked: blocked, waiting: known)
        for route in plan.routes {
            let members = plan.ready(for: route)
            var closed = try await router.handle(members, by: route, in: transaction)
            if !closed.isEmpty {
                // Before the second look: were the gate open by then, an event would be done after its successors.
                try plan.check(closed, route: route)
                _ = try await transaction.query(ParkedSequences.lock(closed.map(\.gate)))
                let again = Set(closed.map(\.event))
                closed = try await router.handle(members.filter { again.contains($0.id) }, by: route, in: transaction)
            }
            try plan.note(closed, route: route)
        }
        parked.park(plan.toPark, reasons: plan.reasons, firstRetry: configuration.firstRetry, in: transaction)
        let (handled, waiting, repeats) = (fresh.count - plan.toPark.count, plan.toPark.count, deliveries.count - fresh.count)
        transaction.onCommit {
            MessagingMetrics.records("handled", count: handled)
            MessagingMetrics.records("parked", count: waiting)
            MessagingMetrics.records("duplicate", count: repeats)
        }
    }

    private func park(_ delivery: Delivery, because error: any Error) async throws {
        logger.error(
            "an event keeps failing, so its sequence is parked",
            metadata: [
                "topic": "\(delivery.sequence.topic)", "event_id": "\(delivery.id)", "offset": "\(delivery.record.offset)",
                "error": "\(String(reflecting: error))",
            ]
        )
        try await retryingConflicts {
            try await postgres.withTransaction { transaction in
                let results = try await transaction.query([inbox.mark([delivery.id]), parked.locked([delivery.sequence])])
                guard results[0].count == 1 else { return }
                parked.park(
                    [delivery],
                    reasons: results[1].isEmpty ? [delivery.sequence: .failed(Failure.summary(of: error))] : [:],
                    firstRetry: configuration.firstRetry,
                    in: transaction
                )
            }
        }
        MessagingMetrics.records("parked", count: 1)
    }

    private func bury(_ record: ConsumedRecord, _ error: EventDecodingError) async throws {
        logger.error(
            "a record cannot be read",
            metadata: ["topic": "\(record.topic)", "partition": "\(record.partition)", "offset": "\(record.offset)", "error": "\(error)"]
        )
        _ = try await postgres.query(deadLetters.bury(record, error: "\(error)"))
        MessagingMetrics.records("dead", count: 1)
    }

    private func retryingConflicts(_ body: () async throws -> Void) async throws {
        for _ in 1..<configuration.transactionAttempts {
            do {
                return try await body()
            } catch let error as PostgresError where error.isRetriable && !error.isUnavailable {
                continue
            }
        }
        try await body()
    }
}
