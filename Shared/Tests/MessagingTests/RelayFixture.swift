import EventContracts
import Kafka
import Postgres
import ServiceTesting
import Synchronization

@testable import Messaging

/// One instance of a service, as far as its relay is concerned.
struct RelayInstance {
    let owner: String
    let wakeUp = Signal()
    let leadershipFree = Signal()
    let outbox: Outbox
    let lease: RelayLease
    private let database: TestDatabase
    private let makeRelay: @Sendable (RelayLease, Signal, Signal) -> Relay

    init(
        _ owner: String,
        _ database: TestDatabase,
        _ broker: TestBroker,
        lease: Duration = .seconds(60),
        poll: Duration = .seconds(60),
        beforeProducer: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.owner = owner
        self.database = database
        self.lease = RelayLease(owner: owner, duration: lease)
        outbox = Outbox(relayWakeUp: wakeUp)
        makeRelay = { lease, wakeUp, leadershipFree in
            var configuration = Relay.Configuration()
            configuration.pollInterval = poll
            configuration.retryDelay = .milliseconds(50)
            return Relay(
                postgres: database.pool,
                lease: lease,
                wakeUp: wakeUp,
                leadershipFree: leadershipFree,
                configuration: configuration,
                logger: MessagingFixture.quiet
            ) {
                try await beforeProducer()
                return try KafkaProducer(configuration: broker.configuration, logger: MessagingFixture.quiet)
            }
        }
    }

    func run() async throws {
        try await makeRelay(lease, wakeUp, leadershipFree).run()
    }

    /// What this instance does about notifications from others.
    func listen() async throws {
        // A pool of its own: what an instance has sent itself, it does not hear.
        let pool = PostgresPool(configuration: database.configuration, maximumConnections: 1, logger: MessagingFixture.quiet)
        try await Notifications(
            postgres: pool,
            receivers: [
                Outbox.channel: { [wakeUp] _ in wakeUp.notify() }, RelayLease.channel: { [leadershipFree] _ in leadershipFree.notify() },
            ],
            logger: MessagingFixture.quiet
        ).run()
    }

    func append(_ events: [EncodedEvent]) async throws {
        try await database.pool.withTransaction { outbox.append(events, in: $0) }
    }
}

extension TestDatabase {
    func relayOwner() async throws -> String? {
        try await pool.query("SELECT owner FROM messaging.relay").decode(String?.self)[0]
    }

    func relayPosition() async throws -> Int64 {
        try await pool.query("SELECT position FROM messaging.relay").decode(Int64.self)[0]
    }

    /// Waits until the relay has written that it published everything up to `id`.
    func published(upTo id: Int64) async throws {
        try await eventually(within: .seconds(30), "the relay published up to \(id)") { try await relayPosition() >= id }
    }
}

/// Reads one topic as its records come.
final class TopicListener: Sendable {
    private let consumer: KafkaConsumer
    private let records = Mutex<[ConsumedRecord]>([])

    init(_ topic: String, _ broker: TestBroker) throws {
        consumer = try KafkaConsumer(
            configuration: broker.configuration,
            group: broker.name("listener"),
            topics: [topic],
            logger: MessagingFixture.quiet
        )
    }

    var events: [EventID] { records.withLock { $0.compactMap(\.eventID) } }

    func run() async throws {
        while !Task.isCancelled {
            guard let batch = try? await consumer.nextBatch(maximumRecords: 1000, within: .seconds(5)) else { continue }
            records.withLock { $0 += batch.records }
            try? await consumer.commit(batch)
        }
        await Task { [consumer] in await consumer.close() }.value
    }
}
