package import Logging

/// The settings that every service reads from its environment.
package enum RuntimeKeys {
    package static let httpHost = ConfigurationKey<String>.text(
        "HTTP_HOST",
        default: "127.0.0.1",
        expected: "an address of this machine",
        "The address to listen on; 0.0.0.0 for all, as in a container."
    )
    package static let httpPort = ConfigurationKey<Int>.integer(
        "HTTP_PORT",
        default: 8080,
        range: 0...65_535,
        "The port to listen on; 0 takes a free one."
    )
    package static let httpBodyLimit = ConfigurationKey<Int>.integer(
        "HTTP_BODY_LIMIT_BYTES",
        default: 65_536,
        range: 1024...16_777_216,
        "The largest request body; a larger one is answered 413."
    )
    package static let httpConcurrency = ConfigurationKey<Int>.integer(
        "HTTP_MAX_CONCURRENT_REQUESTS",
        default: 256,
        range: 1...65_536,
        "How many requests are worked on at once; more are answered 503."
    )
    package static let databaseURL = ConfigurationKey<String>.text(
        "DATABASE_URL",
        expected: "a postgres:// URL",
        placeholder: "postgres://localhost/placeholder",
        isSecret: true,
        "The service's own database."
    ) { $0.hasPrefix("postgres://") || $0.hasPrefix("postgresql://") }
    package static let databaseConnections = ConfigurationKey<Int>.integer(
        "DATABASE_MAX_CONNECTIONS",
        default: 8,
        range: 1...512,
        "How many connections to the database are kept at most."
    )
    package static let kafkaServers = ConfigurationKey<String>.text(
        "KAFKA_BOOTSTRAP_SERVERS",
        expected: "host:port, several separated by commas",
        placeholder: "localhost:9092",
        "Where the brokers are.",
        isValid: isServerList
    )
    package static let kafkaPartitions = ConfigurationKey<Int>.integer(
        "KAFKA_TOPIC_PARTITIONS",
        default: 12,
        range: 1...1000,
        "How many partitions a new topic gets."
    )
    package static let kafkaReplication = ConfigurationKey<Int>.integer(
        "KAFKA_REPLICATION_FACTOR",
        default: 1,
        range: 1...15,
        "How many brokers keep a copy of a new topic."
    )
    package static let kafkaProtocol = ConfigurationKey<KafkaSecurityProtocol>.choice(
        "KAFKA_SECURITY_PROTOCOL",
        default: .plaintext,
        "How the connection to the brokers is protected."
    )
    package static let kafkaMechanism = ConfigurationKey<KafkaMechanism>.choice(
        "KAFKA_SASL_MECHANISM",
        default: .plain,
        "How the service proves who it is, with SASL."
    )
    package static let kafkaUsername = ConfigurationKey<String?>.optionalText("KAFKA_SASL_USERNAME", "The name, with SASL.")
    package static let kafkaPassword = ConfigurationKey<String?>.optionalText(
        "KAFKA_SASL_PASSWORD",
        isSecret: true,
        "The password, with SASL."
    )
    package static let kafkaAuthorities = ConfigurationKey<String?>.optionalText(
        "KAFKA_CA_FILE",
        expected: "the path of a PEM file",
        "The certificate authorities to trust, with SSL."
    )
    package static let kafkaSessionTimeout = ConfigurationKey<Duration>.duration(
        "KAFKA_SESSION_TIMEOUT",
        default: .seconds(10),
        range: .seconds(6)...(.seconds(300)),
        "How long a consumer may be silent before the group gives its partitions to others."
    )
    package static let kafkaInstanceID = ConfigurationKey<String?>.optionalText(
        "KAFKA_INSTANCE_ID",
        "A lasting name of this instance: it keeps its partitions over a restart (static membership)."
    )
    package static let relay = ConfigurationKey<RelayChoice>.choice(
        "RELAY",
        default: .builtin,
        "Who publishes the events: this service (builtin), or Debezium out of the database's log (deploy/debezium)."
    )
    package static let relayLease = ConfigurationKey<Duration>.duration(
        "RELAY_LEASE",
        default: .seconds(4),
        range: .seconds(1)...(.seconds(60)),
        "How long another instance waits for a silent relay before it takes over."
    )
    package static let logLevel = ConfigurationKey<Logger.Level>.choice("LOG_LEVEL", default: .info, "The least level that is logged.")
    package static let shutdownTimeout = ConfigurationKey<Duration>.duration(
        "SHUTDOWN_TIMEOUT_SECONDS",
        default: .seconds(20),
        range: .milliseconds(100) ... .seconds(600),
        "How long a shutdown may take; after that the process exits with an error."
    )
    package static let startupTimeout = ConfigurationKey<Duration>.duration(
        "STARTUP_TIMEOUT_SECONDS",
        default: .seconds(60),
        range: .zero ... .seconds(3600),
        "How long a start waits for a database that cannot be reached."
    )
    package static let migrateOnStart = ConfigurationKey<Bool>.boolean(
        "MIGRATE_ON_START",
        default: true,
        "Whether serve brings the database's schema up to date first."
    )

    /// `host:port` with a port from 1 to 65535, at least one, separated by commas.
    private static func isServerList(_ text: String) -> Bool {
        text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { server in
            guard let colon = server.lastIndex(of: ":"), let port = UInt16(server[server.index(after: colon)...]) else { return false }
            let host = server[..<colon]
            return port > 0 && !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
    }
}
