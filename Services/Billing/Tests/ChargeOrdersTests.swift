import EventContracts
import Kafka
import Logging
import Messaging
import Postgres
import ServiceTesting
import Testing

@testable import BillingService

/// What billing does about orders and registrations, through its own handlers and the real inbox.
@Suite(.enabled(if: TestDatabase.isAvailable))
struct ChargeOrdersTests {
    private func outcomes(_ billing: BillingFixture) async throws -> [String] {
        try await billing.published().filter { $0.hasPrefix("billing.Payment") }
    }

    @Test func `The second order of a batch sees what the first one left`() async throws {
        try await BillingFixture.with { billing in
            let (poor, rich) = (try await billing.customer(100), try await billing.customer(1000))
            try await billing.charge([
                BillingFixture.placed(poor, 60), BillingFixture.placed(rich, 60), BillingFixture.placed(poor, 60),
                BillingFixture.placed(poor, 40), BillingFixture.placed(poor, 1),
            ])
            #expect(try await billing.account(poor)?.balance.amount == 0)
            #expect(try await billing.account(rich)?.balance.amount == 940)
            #expect(
                try await outcomes(billing) == [
                    "billing.PaymentCompleted", "billing.PaymentCompleted", "billing.PaymentDeclined", "billing.PaymentCompleted",
                    "billing.PaymentDeclined",
                ]
            )
        }
    }

    @Test func `An order is charged once, whichever event brings it`() async throws {
        try await BillingFixture.with { billing in
            let user = try await billing.customer(100)
            let order = OrderID()
            let repeats = (0..<2).map { _ in BillingFixture.placed(user, 30, order: order) }
            try await billing.charge(repeats)
            try await billing.charge([BillingFixture.placed(user, 30, order: order)])
            #expect(try await billing.account(user)?.balance.amount == 70)
            #expect(try await outcomes(billing) == ["billing.PaymentCompleted"])
        }
    }

    @Test func `One order that comes to several consumers at once is charged once`() async throws {
        try await BillingFixture.with(maximumConnections: 8) { billing in
            let user = try await billing.customer(1000)
            for _ in 0..<20 {
                let order = OrderID()
                try await withThrowingTaskGroup { group in
                    for _ in 0..<4 { group.addTask { try await billing.charge([BillingFixture.placed(user, 10, order: order)]) } }
                    try await group.waitForAll()
                }
            }
            #expect(try await billing.account(user)?.balance.amount == 800)
            #expect(try await outcomes(billing).count == 20)
        }
    }

    @Test func `A declined order stays declined when it comes again with money on the account`() async throws {
        try await BillingFixture.with { billing in
            let user = try await billing.customer(10)
            let order = OrderID()
            try await billing.charge([BillingFixture.placed(user, 30, order: order)])
            try await billing.deposit(100, on: user)
            try await billing.charge([BillingFixture.placed(user, 30, order: order)])
            #expect(try await billing.account(user)?.balance.amount == 110)
            #expect(try await outcomes(billing) == ["billing.PaymentDeclined"])
        }
    }

    @Test func `Orders without an account wait, and the others of their batch are charged`() async throws {
        try await BillingFixture.with { billing in
            let (known, unknown) = (try await billing.customer(100), UserID())
            let placed = [BillingFixture.placed(unknown, 5), BillingFixture.placed(known, 5), BillingFixture.placed(unknown, 5)]
            let waiting = try await billing.charge(placed)
            #expect(waiting == [placed[0], placed[2]].map { WaitingEvent($0.metadata.id, for: .account(of: unknown)) })
            #expect(try await billing.account(known)?.balance.amount == 95)
            #expect(try await billing.entries(unknown).isEmpty)
        }
    }

    @Test func `An account is opened once and keeps its money when its user is registered again`() async throws {
        try await BillingFixture.with { billing in
            let user = try await billing.customer(100)
            let again = [BillingFixture.registered(user), BillingFixture.registered(user)]
            try await billing.database.pool.withTransaction { _ = try await billing.openAccount.handle(again, in: $0) }
            #expect(try await billing.account(user)?.balance.amount == 100)
            #expect(try await billing.published().filter { $0 == "billing.AccountOpened" }.count == 1)
        }
    }

    /// Every order of a user comes before the registration, or in the same batch, in front of it or behind it, from two consumers.
    @Test func `Orders that come before their user are charged as soon as the account is open`() async throws {
        try await BillingFixture.with(maximumConnections: 8) { billing in
            var logger = Logger(label: "test.billing")
            logger.logLevel = .critical
            let processor = EventProcessor(
                postgres: billing.database.pool,
                router: billing.router,
                parked: billing.parked,
                logger: logger
            )
            var configuration = ParkedRetries.Configuration()
            configuration.pollInterval = .seconds(600)
            let retries = ParkedRetries(
                postgres: billing.database.pool,
                router: billing.router,
                parked: billing.parked,
                wakeUp: billing.retriesWakeUp,
                configuration: configuration,
                logger: logger
            )
            let working = Task { try await retries.run() }
            let users = (0..<30).map { _ in UserID() }
            let orders = users.flatMap { user in (0..<2).map { _ in Self.record(BillingFixture.placed(user, 5)) } }
            let registrations = users.map { Self.record(BillingFixture.registered($0)) }
            try await withThrowingTaskGroup { group in
                for start in stride(from: 0, to: 60, by: 12) {
                    group.addTask { try await processor.process(Array(orders[start..<start + 12])) }
                    let first = start / 2
                    group.addTask { try await processor.process(Array(registrations[first..<first + 6])) }
                }
                try await group.waitForAll()
            }
            try await eventually(within: .seconds(20), "every order is decided") { try await outcomes(billing).count == 60 }
            working.cancel()
            _ = await working.result
            #expect(try await outcomes(billing).allSatisfy { $0 == "billing.PaymentDeclined" })
            let parked = try await billing.database.pool.query("SELECT 1 FROM messaging.parked_sequences").count
            #expect(parked == 0)
        }
    }

    private static func record<E: Event>(_ envelope: EventEnvelope<E>) -> ConsumedRecord {
        let event = EncodedEvent(envelope.event, causedBy: nil, trace: nil, id: envelope.metadata.id)
        return ConsumedRecord(
            topic: event.topic.rawValue,
            partition: 0,
            offset: 0,
            timestampMilliseconds: 0,
            key: Array(event.key.rawValue.utf8),
            value: event.payload,
            headers: event.headers.map { KafkaHeader(name: $0.name, value: $0.value) }
        )
    }
}
