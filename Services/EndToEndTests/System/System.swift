import EventContracts
import Foundation
import Logging
import Postgres
import ServiceTesting
import Testing

/// The whole product in a world of its own: three services as processes, three databases, a broker and a mail server, all real.
///
/// Made once for all end-to-end tests, which run one after the other: they kill services and take their servers away.
final class System: Sendable {
    let order: ServiceUnderTest
    let billing: ServiceUnderTest
    let notification: ServiceUnderTest
    let broker: LocalBroker
    let mailbox: Mailbox
    private let admin: PostgresPool
    private let folder: URL
    private let settings: [String: String]

    /// The world of the test that is running.
    @TaskLocal static var current: System?

    /// The same, for those who cannot do without.
    static var shared: System {
        get throws {
            guard let current else { throw WorldFailure("there is no system here; run the whole suite EndToEnd") }
            return current
        }
    }

    var services: [ServiceUnderTest] { [order, billing, notification] }

    func service(_ name: String) throws -> ServiceUnderTest {
        guard let service = services.first(where: { $0.name == name }) else { throw WorldFailure("there is no service \(name)") }
        return service
    }

    private init(folder: URL, suffix: String) async throws {
        self.folder = folder
        let ports = RawSocketHandle.freePorts(6)
        admin = try ServiceDatabase.adminPool()
        mailbox = try Mailbox(in: folder, port: ports[5])
        broker = try await LocalBroker(in: folder, port: ports[3], controlPort: ports[4])
        settings = [
            "HTTP_HOST": "127.0.0.1", "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrapServers, "KAFKA_TOPIC_PARTITIONS": "3",
            "KAFKA_SESSION_TIMEOUT": "6s", "SMTP_URL": "smtp://127.0.0.1:\(mailbox.port)",
        ]
        var services: [ServiceUnderTest] = []
        for (name, port) in zip(["order", "billing", "notification"], ports) {
            let database = try await ServiceDatabase.create("e2e_\(name)_\(suffix)", admin: admin)
            services.append(ServiceUnderTest(name, port: port, database: database, settings: settings, folder: folder))
        }
        (order, billing, notification) = (services[0], services[1], services[2])
    }

    /// A second instance of a service, not started yet: the same database, another port.
    func another(_ name: String) throws -> ServiceUnderTest {
        let port = RawSocketHandle.freePorts(1)[0]
        return ServiceUnderTest(name, port: port, database: try service(name).database, settings: settings, folder: folder)
    }

    /// Makes a world, lends it, and takes it apart whatever happens.
    static func with(_ body: (System) async throws -> Void) async throws {
        let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
        let folder = FileManager.default.temporaryDirectory.appending(path: "happymail-e2e-\(suffix)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let system = try await System(folder: folder, suffix: suffix)
        do {
            for service in system.services { try service.launch() }
            for service in system.services { try await service.awaitReady() }
            try await body(system)
        } catch {
            await system.end()
            throw error
        }
        await system.end()
    }

    private func end() async {
        for service in services where (try? service.running.isRunning) == true { _ = try? await service.stop() }
        await mailbox.stop()
        await broker.stop()
        reportErrors()
        if Environment.keepsWorld {
            print("The world was kept in \(folder.path), its databases too.")
        } else {
            for service in services { try? await service.database.drop() }
            try? FileManager.default.removeItem(at: folder)
        }
        await admin.close(within: .seconds(1))
    }

    /// What the services logged as errors, for whoever looks for the cause of a failure.
    private func reportErrors() {
        for service in services {
            let lines = (try? String(contentsOf: service.log, encoding: .utf8))?.split(separator: "\n") ?? []
            let errors = lines.filter {
                $0.contains(#""level":"error""#) || $0.contains(#""level":"critical""#) || $0.contains("Fatal error")
            }
            if !errors.isEmpty { print("\(service.name): \(errors.count) errors were logged:") }
            for line in errors.prefix(20) { print("  \(line.prefix(600))") }
        }
    }
}

/// Gives a suite one system for all its tests.
struct WithSystem: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void) async throws
    {
        try await System.with { system in
            try await System.$current.withValue(system) { try await function() }
        }
    }
}

extension Trait where Self == WithSystem {
    static var withSystem: WithSystem { WithSystem() }
}
