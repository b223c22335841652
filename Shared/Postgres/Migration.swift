#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// One step of a schema, as a file of SQL; once applied anywhere, it must never change.
package struct Migration: Sendable, Equatable {
    /// The file's name, by which migrations are ordered and known: `0001_create_orders.sql`.
    package let name: String
    /// The statements, run in one transaction: it holds no BEGIN or COMMIT, and nothing that refuses to run in a transaction.
    package let sql: String

    /// Makes a migration from text.
    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// Reads all `*.sql` files of a folder, in the order of their names.
    ///
    /// - Throws: `.invalidConfiguration`, when the folder or a file cannot be read, or the folder holds none.
    package static func load(from directory: URL) throws(PostgresError) -> [Migration] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".sql") }.sorted()
            guard !names.isEmpty else { throw PostgresError(.invalidConfiguration, "There are no migrations in \(directory.path).") }
            return try names.map { name in
                let data = try Data(contentsOf: directory.appending(path: name))
                guard let sql = String(validating: data, as: UTF8.self) else {
                    throw PostgresError(.invalidConfiguration, "The migration \(name) is not UTF-8.")
                }
                return Migration(name: name, sql: sql)
            }
        } catch let error as PostgresError {
            throw error
        } catch {
            throw PostgresError(.invalidConfiguration, "The migrations in \(directory.path) cannot be read: \(error)")
        }
    }
}
