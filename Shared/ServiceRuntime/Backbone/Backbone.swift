import EventContracts
package import Foundation
import Kafka
package import Logging
package import Messaging
package import Postgres
package import ServiceLifecycle

/// What every service stands on, connected: pool, outbox, relay, inbox and consumer, parked events, topics, notifications.
///
/// A service adds its handlers, its routes and its migrations, and gets the ``Assembly`` of the whole. It is here, and not in each
/// service, so that the three cannot drift apart.
package struct Backbone: Sendable {
    /// The service's own database.
    package let postgres: PostgresPool
    /// Where use cases and handlers append events.
    package let outbox: Outbox
    /// Where gates are opened.
    package let parked: ParkedSequences
    /// Runs commands, once for each `Idempotency-Key`.
    package let commands: IdempotentCommands
    /// For background work.
    package let logger: Logger

    private let service: ServiceDescription
    private let runtime: RuntimeConfiguration
    private let relayWakeUp = Signal()
    private let relayFree = Signal()
    private let retriesWakeUp = Signal()

    /// - Throws: `PostgresError`, when the database's URL cannot be read.
    package init<Configuration>(_ bootstrap: Bootstrap<Configuration>) throws {
        service = bootstrap.service
        runtime = bootstrap.runtime
        logger = bootstrap.logger
        var database = try PostgresConfiguration(url: runtime.database.url)
        database.applicationName = service.name
        postgres = PostgresPool(
            configuration: database,
            maximumConnections: runtime.database.maximumConnections,
            acquireTimeout: .seconds(2),
            logger: logger
        )
        outbox = Outbox(relayWakeUp: relayWakeUp)
        parked = ParkedSequences(group: service.name, retriesWakeUp: retriesWakeUp)
        commands = IdempotentCommands(postgres: postgres)
    }

    /// What a service is made of beside the backbone.
    package struct Parts: Sendable {
        /// Its handlers, in the order in which a batch meets them.
        package var handlers = EventRouter()
        /// Folder of its own migrations.
        package var migrations: URL
        /// The API document.
        package var openAPI: URL
        /// Notifications of its own, by channel.
        package var notifications: [String: Notifications.Receiver] = [:]
        /// Services of its own; they may use everything of the backbone and end before it.
        package var services: [any Service] = []
        /// Its routes.
        package var routes: @Sendable (ServiceRouter) -> Void

        package init(migrations: URL, openAPI: URL, routes: @escaping @Sendable (ServiceRouter) -> Void) {
            self.migrations = migrations
            self.openAPI = openAPI
            self.routes = routes
        }
    }

    /// Connects the parts. Reaches for no server.
    package func assembly(_ parts: Parts) throws -> Assembly {
        var handlers = parts.handlers
        handlers.use(LogHandledEvents(logger: logger))
        handlers.use(MeasureHandlers())
        let kafka = KafkaConfiguration(runtime.kafka, clientID: service.name)
        let written = EventCatalogue.topics(writtenBy: service.name)
        let topics = Topics(
            Set(written + handlers.topics).map {
                TopicSpecification(
                    name: $0.rawValue,
                    partitions: Int32(runtime.kafka.topicPartitions),
                    replicationFactor: Int32(runtime.kafka.replicationFactor)
                )
            },
            configuration: kafka,
            logger: logger
        )
        let consumer = consumer(of: handlers, topics: topics, kafka: kafka)
        let migrators = [
            Migrator(set: "messaging", migrations: try Migration.load(from: MessagingMigrations.directory)),
            Migrator(set: service.name, migrations: try Migration.load(from: parts.migrations)),
        ]
        let services: [any Service] =
            [
                CloseAtShutdown("database pool") { [postgres] in await postgres.close() },
                Partitions(postgres: postgres, logger: logger),
                ExpireIdempotencyKeys(postgres: postgres, logger: logger),
            ] + relay(of: written.map(\.rawValue), topics: topics, kafka: kafka) + [notifications(parts.notifications)] + parts.services
            + (handlers.topics.isEmpty ? [] : [retries(of: handlers), consumer])
        return Assembly(
            services: services,
            healthChecks: healthChecks(
                topics: topics,
                consumer: handlers.topics.isEmpty ? nil : consumer,
                migrators: migrators
            ),
            openAPI: Array(try Data(contentsOf: parts.openAPI)),
            migrate: { [postgres] logger in
                for migrator in migrators { try await migrator.migrate(postgres, logger: logger) }
            },
            hospital: HospitalDesk(
                hospital: MessageHospital(router: handlers, parked: parked, wakeUp: retriesWakeUp),
                postgres: postgres
            ),
            routes: parts.routes
        )
    }
}

// MARK: - The parts of the backbone

extension Backbone {
    /// Our relay, or none where Debezium does its work: then nobody here takes the lease, reads the outbox or has a producer.
    private func relay(of written: [String], topics: Topics, kafka: KafkaConfiguration) -> [any Service] {
        guard runtime.relay == .builtin else {
            logger.info("the events are left to Debezium", metadata: ["relay": "\(runtime.relay.rawValue)"])
            return []
        }
        // Unique among all processes that ever ran: a restarted instance is another owner.
        let owner = "\(service.name)-\(ProcessInfo.processInfo.processIdentifier)-\(EventID())"
        let relay = Relay(
            postgres: postgres,
            lease: RelayLease(owner: owner, duration: runtime.relayLease),
            wakeUp: relayWakeUp,
            leadershipFree: relayFree,
            logger: logger
        ) { [logger] in
            try await topics.ensure()
            let producer = try KafkaProducer(configuration: kafka, logger: logger)
            do {
                try await producer.warmUp(written)
                return producer
            } catch {
                await producer.close(within: .zero)
                throw error
            }
        }
        return [relay]
    }

    private func consumer(of handlers: EventRouter, topics: Topics, kafka: KafkaConfiguration) -> EventConsumer {
        let processor = EventProcessor(postgres: postgres, router: handlers, parked: parked, logger: logger)
        let (group, instanceID) = (service.name, runtime.kafka.instanceID)
        return EventConsumer(processor: processor, logger: logger) { [logger] in
            try await topics.ensure()
            return try KafkaConsumer(
                configuration: kafka,
                group: group,
                instanceID: instanceID,
                topics: handlers.topics.map(\.rawValue),
                logger: logger
            )
        }
    }

    private func retries(of handlers: EventRouter) -> ParkedRetries {
        ParkedRetries(postgres: postgres, router: handlers, parked: parked, wakeUp: retriesWakeUp, logger: logger)
    }

    private func notifications(_ own: [String: Notifications.Receiver]) -> Notifications {
        var receivers = own
        if runtime.relay == .builtin {
            receivers[Outbox.channel] = { [relayWakeUp] _ in relayWakeUp.notify() }
            receivers[RelayLease.channel] = { [relayFree] _ in relayFree.notify() }
        }
        receivers[MessageHospital.channel] = { [retriesWakeUp] _ in retriesWakeUp.notify() }
        return Notifications(postgres: postgres, receivers: receivers, logger: logger)
    }

    private func healthChecks(topics: Topics, consumer: EventConsumer?, migrators: [Migrator]) -> [HealthCheck] {
        var checks = [
            HealthCheck.succeeding("database", orElse: "the database cannot be reached") { [postgres] in try await postgres.ping() },
            HealthCheck("migrations") { [postgres] in
                do {
                    for migrator in migrators where !(try await migrator.pending(postgres).isEmpty) {
                        return .failed("migrations are pending; run `migrate`")
                    }
                    return .ok
                } catch {
                    return .failed("the database cannot be reached")
                }
            },
            HealthCheck("broker") { await topics.isReachable() ? .ok : .failed("the broker cannot be reached") },
        ]
        if let consumer {
            checks.append(
                HealthCheck("consumer") {
                    if consumer.holdingBecause != nil { return .failed("records are waiting for the database or the broker") }
                    return consumer.isAssigned ? .ok : .failed("no partitions are assigned yet")
                }
            )
        }
        return checks
    }
}

extension KafkaConfiguration {
    init(_ settings: KafkaSettings, clientID: String) {
        self.init(bootstrapServers: settings.bootstrapServers)
        self.clientID = clientID
        sessionTimeout = settings.sessionTimeout
        // A member learns of a rebalance by its next heartbeat, and a new instance waits until all have: seconds of readiness for a few bytes.
        heartbeatInterval = min(settings.sessionTimeout / 3, .seconds(1))
        extra = settings.securityProperties
    }
}

extension Cause {
    /// The request that is being answered, for the events that it leads to.
    package static var currentRequest: Cause {
        RequestScope.current.map { Cause(id: $0.requestID, trace: $0.trace.child()) } ?? .none
    }
}
