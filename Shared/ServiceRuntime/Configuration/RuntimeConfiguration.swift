package import Logging

/// The settings that every service shares. Keys, types, defaults, ranges and secrecy stand in ``RuntimeKeys``.
package struct RuntimeConfiguration: ServiceConfiguration {
    /// Where the service listens.
    package let http: HTTPSettings
    /// Where its data are.
    package let database: DatabaseSettings
    /// Where its events go and come from.
    package let kafka: KafkaSettings
    /// Who publishes the service's events.
    package let relay: RelayChoice
    /// How long a silent relay keeps its leadership.
    package let relayLease: Duration
    /// The least level that is logged.
    package let logLevel: Logger.Level
    /// How long a shutdown may take before the process exits regardless.
    package let shutdownTimeout: Duration
    /// How long a start may wait for the database.
    package let startupTimeout: Duration
    /// Whether `serve` brings the database's schema up to date first.
    package let migratesOnStart: Bool

    package init(reading reader: inout ConfigurationReader) {
        http = HTTPSettings(reading: &reader)
        database = DatabaseSettings(reading: &reader)
        kafka = KafkaSettings(reading: &reader)
        relay = reader.read(RuntimeKeys.relay)
        relayLease = reader.read(RuntimeKeys.relayLease)
        logLevel = reader.read(RuntimeKeys.logLevel)
        shutdownTimeout = reader.read(RuntimeKeys.shutdownTimeout)
        startupTimeout = reader.read(RuntimeKeys.startupTimeout)
        migratesOnStart = reader.read(RuntimeKeys.migrateOnStart)
    }
}

/// Who carries the events from the outbox to the broker. Exactly one of them does at a time (deploy/debezium/README.md: how to change).
package enum RelayChoice: String, CaseIterable, Sendable {
    /// The instances of the service; one of them leads.
    case builtin
    /// Debezium's Postgres connector. The service appends its events and publishes none.
    case debezium
}

/// How a service listens for HTTP.
package struct HTTPSettings: ServiceConfiguration {
    /// The address to bind.
    package let host: String
    /// The port to bind; 0 takes a free one.
    package let port: Int
    /// The largest request body, in bytes.
    package let bodyLimitBytes: Int
    /// How many requests may be worked on at once; more are answered 503.
    package let maximumConcurrentRequests: Int

    package init(reading reader: inout ConfigurationReader) {
        host = reader.read(RuntimeKeys.httpHost)
        port = reader.read(RuntimeKeys.httpPort)
        bodyLimitBytes = reader.read(RuntimeKeys.httpBodyLimit)
        maximumConcurrentRequests = reader.read(RuntimeKeys.httpConcurrency)
    }

    /// Settings made in code, for tests.
    package init(host: String = "127.0.0.1", port: Int = 0, bodyLimitBytes: Int = 65_536, maximumConcurrentRequests: Int = 256) {
        self.host = host
        self.port = port
        self.bodyLimitBytes = bodyLimitBytes
        self.maximumConcurrentRequests = maximumConcurrentRequests
    }
}

/// How a service reaches its database. Descriptions leave the URL out, because it may hold a password.
package struct DatabaseSettings: ServiceConfiguration, CustomStringConvertible {
    /// The connection URL. Secret.
    package let url: String
    /// How many connections the service keeps at most.
    package let maximumConnections: Int

    package init(reading reader: inout ConfigurationReader) {
        url = reader.read(RuntimeKeys.databaseURL)
        maximumConnections = reader.read(RuntimeKeys.databaseConnections)
    }

    package var description: String { "at most \(maximumConnections) connections" }
}
