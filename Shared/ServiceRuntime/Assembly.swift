package import Logging
package import ServiceLifecycle

/// A service's parts, connected: what the runtime runs.
package struct Assembly: Sendable {
    /// Everything that runs beside HTTP, in dependency order: what others need comes first (pool, producer, relay, consumers). They start
    /// together and are shut down from the last to the first, each one ended before the next is told; HTTP ends before all of them.
    package var services: [any Service]
    /// What must be well for `/readyz`.
    package var healthChecks: [HealthCheck]
    /// The API document, as bytes of YAML.
    package var openAPI: [UInt8]
    /// Brings the database's schema up to date. Called before anything runs; again when the database could not be reached.
    package var migrate: @Sendable (Logger) async throws -> Void
    /// Where dead letters are mended; `nil` in a service that consumes nothing.
    package var hospital: HospitalDesk?
    /// Adds the service's routes.
    package var routes: @Sendable (ServiceRouter) -> Void

    package init(
        services: [any Service] = [],
        healthChecks: [HealthCheck] = [],
        openAPI: [UInt8] = [],
        migrate: @escaping @Sendable (Logger) async throws -> Void = { _ in },
        hospital: HospitalDesk? = nil,
        routes: @escaping @Sendable (ServiceRouter) -> Void
    ) {
        self.services = services
        self.healthChecks = healthChecks
        self.openAPI = openAPI
        self.migrate = migrate
        self.hospital = hospital
        self.routes = routes
    }
}
