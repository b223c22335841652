package import Logging

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Brings a database's schema up to date, once, however many instances start at the same time.
///
/// What was applied is recorded with a checksum (SHA-256, what `sha256sum` prints) in `public.schema_migrations`. Several sets of migrations,
/// such as the messaging tables' and a service's own, live in one database under different names.
package struct Migrator: Sendable {
    /// The name of the set, such as `messaging`.
    package let set: String
    /// In the order in which they are applied, which is that of their names.
    package let migrations: [Migration]

    /// How long to wait for another instance that is migrating.
    private static let lockTimeout: Duration = .seconds(60)
    /// A key of our own among advisory locks: "happymig" in ASCII.
    private static let lockKey: Int64 = 0x6861_7070_796d_6967

    /// Makes a migrator of a set; `migrations` are sorted by name.
    package init(set: String, migrations: [Migration]) {
        self.set = set
        self.migrations = migrations.sorted { $0.name < $1.name }
    }

    /// Makes a migrator of the `*.sql` files of a folder.
    ///
    /// - Throws: `.invalidConfiguration`, when they cannot be read.
    package init(set: String, directory: URL) throws(PostgresError) {
        self.init(set: set, migrations: try Migration.load(from: directory))
    }

    /// Applies what is missing, each migration in a transaction of its own, under a lock.
    ///
    /// Migrations that are recorded but not known here are a newer version's, and are left in peace.
    ///
    /// - Throws: `.migrationMismatch`, when an applied migration was changed or one would come before an applied one; what the server said of
    ///   a migration that failed; `.lockNotAvailable`, when another instance holds the lock for more than a minute; `.connectionFailed`.
    package func migrate(_ pool: PostgresPool, logger: Logger) async throws(PostgresError) {
        try await migrate(pool.configuration, logger: logger)
    }

    /// The same, for a database that no pool has been made for.
    package func migrate(_ configuration: PostgresConfiguration, logger: Logger) async throws(PostgresError) {
        var configuration = configuration
        // A migration may rewrite a large table; what must not take long is waiting for a lock that traffic queues behind.
        configuration.statementTimeout = .zero
        configuration.responseTimeout = nil
        configuration.sessionParameters["lock_timeout"] = String(Self.lockTimeout.wholeMilliseconds)
        configuration.sessionParameters["client_min_messages"] = "warning"
        let connection = try await PostgresConnection.open(configuration, counters: PostgresCounters())
        do throws(PostgresError) {
            try await migrate(connection, logger: logger)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// The names of the migrations that have yet to be applied, in order; for readiness checks.
    ///
    /// - Throws: `.migrationMismatch`; ``PostgresError``.
    package func pending(_ pool: PostgresPool) async throws(PostgresError) -> [String] {
        let exists = try await pool.query("SELECT to_regclass('public.schema_migrations') IS NOT NULL").decode(Bool.self)
        guard exists.first == true else { return migrations.map(\.name) }
        let checksums = try await checksums { sql throws(PostgresError) in try await pool.query(sql) }
        let applied = try await applied { sql throws(PostgresError) in try await pool.query(sql) }
        return try plan(checksums: checksums, applied: applied).map(\.migration.name)
    }

    private func migrate(_ connection: PostgresConnection, logger: Logger) async throws(PostgresError) {
        // The lock ends with the session, so that an instance that dies holds up nobody.
        _ = try await connection.query("SELECT pg_advisory_lock(\(Self.lockKey))")
        try await connection.run(
            script: """
                CREATE TABLE IF NOT EXISTS public.schema_migrations (
                    set_name text NOT NULL,
                    name text NOT NULL,
                    checksum text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (set_name, name)
                )
                """
        )
        let checksums = try await checksums { sql throws(PostgresError) in try await connection.query(sql) }
        let applied = try await applied { sql throws(PostgresError) in try await connection.query(sql) }
        for (migration, checksum) in try plan(checksums: checksums, applied: applied) {
            do throws(PostgresError) {
                try await apply(migration, checksum: checksum, to: connection)
            } catch {
                logger.error("A migration failed", metadata: ["set": "\(set)", "migration": "\(migration.name)", "error": "\(error)"])
                throw error.naming(migration: migration.name)
            }
            logger.info("Applied a migration", metadata: ["set": "\(set)", "migration": "\(migration.name)"])
        }
    }

    private func apply(_ migration: Migration, checksum: String, to connection: PostgresConnection) async throws(PostgresError) {
        do throws(PostgresError) {
            _ = try await connection.query("BEGIN ISOLATION LEVEL READ COMMITTED")
            try await connection.run(script: migration.sql)
            guard connection.sessionState == .inTransaction else {
                throw PostgresError(.migrationMismatch, "It ends its own transaction.")
            }
            _ = try await connection.query(
                "INSERT INTO public.schema_migrations (set_name, name, checksum) VALUES (\(set), \(migration.name), \(checksum))"
            )
            _ = try await connection.roundTrip(["COMMIT"], commits: true)
        } catch {
            await connection.rollBack()
            throw error
        }
    }

    // MARK: What is there, what is missing

    private typealias Query = (SQL) async throws(PostgresError) -> PostgresRows

    private func applied(_ query: Query) async throws(PostgresError) -> [String: String] {
        let rows = try await query("SELECT name, checksum FROM public.schema_migrations WHERE set_name = \(set)")
        return Dictionary(try rows.decode(String.self, String.self), uniquingKeysWith: { first, _ in first })
    }

    /// The server has a good hash function, so we need none.
    private func checksums(_ query: Query) async throws(PostgresError) -> [String] {
        let rows = try await query(
            """
            SELECT encode(sha256(content), 'hex')
            FROM unnest(\(migrations.map { Array($0.sql.utf8) })) WITH ORDINALITY AS file (content, position) ORDER BY position
            """
        )
        return try rows.decode(String.self)
    }

    private func plan(
        checksums: [String],
        applied: [String: String]
    ) throws(PostgresError) -> [(migration: Migration, checksum: String)] {
        var missing: [(migration: Migration, checksum: String)] = []
        for (migration, checksum) in zip(migrations, checksums) {
            guard let recorded = applied[migration.name] else {
                missing.append((migration, checksum))
                continue
            }
            guard recorded == checksum else {
                throw PostgresError(.migrationMismatch, "The migration \(migration.name) of \(set) was changed after it was applied.")
            }
            if let early = missing.first {
                throw PostgresError(
                    .migrationMismatch,
                    "The migration \(early.migration.name) of \(set) comes before \(migration.name), which was applied already."
                )
            }
        }
        return missing
    }
}

extension PostgresError {
    fileprivate func naming(migration: String) -> PostgresError {
        prefixed("The migration \(migration) failed: ")
    }
}
