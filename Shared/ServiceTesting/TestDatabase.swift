package import Logging
package import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A database that one test has to itself, with the schema already there.
///
/// The migrations run once, on a template that is kept under a name made from their content; each test's database is a copy of it, which
/// takes some tens of milliseconds, and is dropped at the end. `TEST_DATABASE_URL` names a server and a role that may create databases.
package struct TestDatabase: Sendable {
    /// How to connect to it.
    package let configuration: PostgresConfiguration
    /// For what is made beside its pool.
    package let logger: Logger
    /// Connections to it.
    package let pool: PostgresPool

    /// The same as text, for what is configured by a URL.
    package var url: String { configuration.connectionString }

    /// Whether there is a server to test with; for `.enabled(if:)`.
    package static var isAvailable: Bool { adminURL != nil }

    private static var adminURL: String? { ProcessInfo.processInfo.environment["TEST_DATABASE_URL"] }

    /// Lends a database to a test.
    ///
    /// - Parameters:
    ///   - migrators: What makes the schema, in order.
    ///   - maximumConnections: The size of its pool.
    ///   - configure: Changes how it is connected to.
    /// - Throws: What `body` throws; ``PostgresError``, `.invalidConfiguration` when `TEST_DATABASE_URL` is missing.
    package static func with<Value>(
        migrators: [Migrator] = [],
        maximumConnections: Int = 4,
        logger: Logger = Logger(label: "test"),
        configure: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        try await DatabaseGate.shared.pass {
            let admin = try AdminDatabase.shared()
            let name = try await admin.copy(of: admin.template(for: migrators))
            let configuration = admin.configuration(for: name, configure)
            let pool = PostgresPool(configuration: configuration, maximumConnections: maximumConnections, logger: logger)
            let database = TestDatabase(configuration: configuration, logger: logger, pool: pool)
            let result = await outcome { try await body(database) }
            await pool.close(within: .seconds(1))
            await admin.drop(name)
            return try result.get()
        }
    }

    fileprivate static func adminConfiguration() throws(PostgresError) -> PostgresConfiguration {
        guard let adminURL else {
            throw PostgresError(.invalidConfiguration, "Set TEST_DATABASE_URL to a server whose role may create databases.")
        }
        var configuration = try PostgresConfiguration(url: adminURL)
        configuration.applicationName = "happymail-tests"
        configuration.statementTimeout = .seconds(60)
        return configuration
    }
}

/// Makes and drops databases, over few connections however many tests run.
private struct AdminDatabase: Sendable {
    let configuration: PostgresConfiguration
    private let pool: PostgresPool

    private static let instance = Result { () throws(PostgresError) in
        let configuration = try TestDatabase.adminConfiguration()
        return AdminDatabase(
            configuration: configuration,
            pool: PostgresPool(
                configuration: configuration,
                maximumConnections: 2,
                acquireTimeout: .seconds(300),
                maximumWaiters: 10_000,
                logger: Logger(label: "test-databases")
            )
        )
    }

    static func shared() throws(PostgresError) -> AdminDatabase {
        try instance.get()
    }

    func configuration(for database: String, _ configure: (inout PostgresConfiguration) -> Void = { _ in }) -> PostgresConfiguration {
        var configuration = configuration
        configuration.database = database
        configuration.statementTimeout = .seconds(10)
        configure(&configuration)
        return configuration
    }

    /// Finds or makes the template of a schema. It appears under its name only when it is complete.
    func template(for migrators: [Migrator]) async throws -> String {
        guard !migrators.isEmpty else { return "template1" }
        let name = "happymail_template_" + fingerprint(of: migrators)
        if try await exists(name) { return name }
        return try await pool.withConnection { connection in
            let lock: Int64 = 0x7465_6d70_6c61_7465
            _ = try await connection.query("SELECT pg_advisory_lock(\(lock))")
            let result = await outcome { try await make(name, migrators, over: connection) }
            _ = try await connection.query("SELECT pg_advisory_unlock(\(lock))")
            try result.get()
            return name
        }
    }

    private func make(_ name: String, _ migrators: [Migrator], over connection: PostgresConnection) async throws {
        let found = try await connection.query("SELECT 1 FROM pg_database WHERE datname = \(name)")
        guard found.isEmpty else { return }
        let draft = name + "_draft"
        _ = try await connection.query("DROP DATABASE IF EXISTS \(unescaped: draft) WITH (FORCE)")
        _ = try await connection.query("CREATE DATABASE \(unescaped: draft) TEMPLATE template1")
        let target = configuration(for: draft)
        for migrator in migrators { try await migrator.migrate(target, logger: Logger(label: "test-databases")) }
        // The sessions that migrated may take a moment to end.
        try await eventually(within: .seconds(10), "the template is free") {
            try await rename(draft, to: name, over: connection)
        }
    }

    /// - Returns: Whether it was free to be renamed.
    private func rename(_ old: String, to new: String, over connection: PostgresConnection) async throws -> Bool {
        do throws(PostgresError) {
            _ = try await connection.query("ALTER DATABASE \(unescaped: old) RENAME TO \(unescaped: new)")
            return true
        } catch {
            guard error.code == .objectInUse else { throw error }
            return false
        }
    }

    private func exists(_ name: String) async throws -> Bool {
        try await !pool.query("SELECT 1 FROM pg_database WHERE datname = \(name)").isEmpty
    }

    func copy(of template: String) async throws -> String {
        let name = "happymail_test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        _ = try await pool.query("CREATE DATABASE \(unescaped: name) TEMPLATE \(unescaped: template)")
        return name
    }

    /// Drops a database, even from a test that was cancelled; one that cannot be dropped is left behind.
    func drop(_ name: String) async {
        let drop = Task { try await pool.query("DROP DATABASE IF EXISTS \(unescaped: name) WITH (FORCE)") }
        _ = await drop.result
    }

    /// FNV-1a over all names and texts.
    private func fingerprint(of migrators: [Migrator]) -> String {
        let texts = migrators.flatMap { migrator in [migrator.set] + migrator.migrations.flatMap { [$0.name, $0.sql] } }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in texts {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x0100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}

private func outcome<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}

/// Lets a bounded number of tests have databases at a time, since tests run all at once and a server's connections are few.
private actor DatabaseGate {
    static let shared = DatabaseGate()

    /// A test that has a database may have further ones; it must not wait for others, who may wait for it.
    @TaskLocal private static var isInside = false

    private var free = 8
    private var waiting: [CheckedContinuation<Void, Never>] = []

    nonisolated func pass<Value>(_ body: () async throws -> Value) async throws -> Value {
        if Self.isInside { return try await body() }
        await enter()
        let result = await outcome { try await Self.$isInside.withValue(true) { try await body() } }
        await leave()
        return try result.get()
    }

    private func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func leave() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
