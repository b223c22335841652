import Foundation
import Logging
import Postgres

/// The database of one service, with a role of its own that has no rights beyond it, as in production.
struct ServiceDatabase: Sendable {
    let name: String
    /// As the service is told.
    let url: String
    /// For looking at it.
    let pool: PostgresPool
    private let admin: PostgresPool

    /// Creates role and database.
    ///
    /// - Parameters:
    ///   - name: Of both; letters, digits and underscores.
    ///   - admin: Connections of a superuser, to another database.
    static func create(_ name: String, admin: PostgresPool) async throws -> ServiceDatabase {
        guard let text = Environment.databaseURL, var server = URLComponents(string: text) else {
            throw WorldFailure("TEST_DATABASE_URL is not a URL")
        }
        let password = String(UInt64.random(in: .min ... .max), radix: 36)
        _ = try await admin.query(SQL(unescaped: "CREATE ROLE \(name) LOGIN PASSWORD '\(password)'"))
        _ = try await admin.query(SQL(unescaped: "CREATE DATABASE \(name) OWNER \(name)"))
        server.user = name
        server.password = password
        server.path = "/\(name)"
        guard let url = server.string else { throw WorldFailure("the database's URL cannot be written") }
        let pool = PostgresPool(
            configuration: try PostgresConfiguration(url: url),
            maximumConnections: 4,
            acquireTimeout: .seconds(30),
            logger: quiet
        )
        return ServiceDatabase(name: name, url: url, pool: pool, admin: admin)
    }

    /// A superuser's connections to the server.
    static func adminPool() throws -> PostgresPool {
        guard let url = Environment.databaseURL else { throw WorldFailure("TEST_DATABASE_URL is not set") }
        return PostgresPool(configuration: try PostgresConfiguration(url: url), maximumConnections: 2, logger: quiet)
    }

    /// Removes database and role.
    func drop() async throws {
        await pool.close(within: .seconds(1))
        _ = try await admin.query(SQL(unescaped: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
        _ = try await admin.query(SQL(unescaped: "DROP ROLE IF EXISTS \(name)"))
    }

    /// Takes the database away, as if its server were gone: nobody gets in, and whoever is in is thrown out.
    func takeAway() async throws {
        _ = try await admin.query(SQL(unescaped: "ALTER DATABASE \(name) ALLOW_CONNECTIONS false"))
        _ = try await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(name)")
    }

    /// Gives it back.
    func giveBack() async throws {
        _ = try await admin.query(SQL(unescaped: "ALTER DATABASE \(name) ALLOW_CONNECTIONS true"))
    }

    /// How many rows each table has, partitions not apart from their whole.
    func rowCounts() async throws -> [String: Int64] {
        let tables = try await pool.query(
            """
            SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
            WHERE schemaname IN ('public', 'messaging') ORDER BY 1
            """
        ).decode(String.self)
        var counts: [String: Int64] = [:]
        for table in tables {
            counts[table] = try await pool.query(SQL(unescaped: "SELECT count(*) FROM ONLY \(table)")).decode(Int64.self)[0]
        }
        return counts
    }
}

private let quiet = Logger(label: "test.database") { _ in SwiftLogNoOpLogHandler() }
