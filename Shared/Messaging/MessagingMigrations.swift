package import Foundation

/// The SQL of this module's tables, which every service's database has.
package enum MessagingMigrations {
    /// The folder of the migration files.
    package static var directory: URL { Bundle.module.bundleURL.appending(path: "Migrations") }
}
