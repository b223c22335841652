import EventContracts
import Kafka
import Postgres
import ServiceTesting

@testable import Messaging

/// A processor and its retries over one database, as one instance of a service has them.
struct ProcessorHarness {
    let database: TestDatabase
    let router: EventRouter
    let parked: ParkedSequences
    let wakeUp: Signal
    let processor: EventProcessor

    init(
        _ database: TestDatabase,
        pool: PostgresPool? = nil,
        configuration: EventProcessor.Configuration = .init(),
        register: (inout EventRouter, ParkedSequences) -> Void
    ) {
        self.database = database
        wakeUp = Signal()
        parked = ParkedSequences(group: "tests", retriesWakeUp: wakeUp)
        var router = EventRouter()
        register(&router, parked)
        self.router = router
        processor = EventProcessor(
            postgres: pool ?? database.pool,
            router: router,
            parked: parked,
            configuration: configuration,
            logger: MessagingFixture.quiet
        )
    }

    func retries(_ configuration: ParkedRetries.Configuration = .init(), over pool: PostgresPool? = nil) -> ParkedRetries {
        ParkedRetries(
            postgres: pool ?? database.pool,
            router: router,
            parked: parked,
            wakeUp: wakeUp,
            configuration: configuration,
            logger: MessagingFixture.quiet
        )
    }

    /// Processes events as one batch of consecutive offsets.
    func process(_ events: [EncodedEvent], from offset: Int64 = 0) async throws {
        try await processor.process(events.enumerated().map { $1.consumed(offset: offset + Int64($0)) })
    }

    /// Opens a user's gate as a handler does.
    func open(_ users: [UserID]) async throws {
        try await database.pool.withTransaction { transaction in
            for user in users {
                transaction.enqueue("INSERT INTO open_gates VALUES (\(Gate.user(user).rawValue)) ON CONFLICT DO NOTHING")
            }
            parked.open(users.map(Gate.user), in: transaction)
        }
    }

    func states() async throws -> [String] {
        try await database.pool.query("SELECT state FROM messaging.parked_sequences ORDER BY key").decode(String.self)
    }

    /// Has every parked sequence tried now, whatever its pause.
    func makeDue() async throws {
        _ = try await database.pool.query("UPDATE messaging.parked_sequences SET next_attempt_at = now()")
        wakeUp.notify()
    }
}
