/// How a service reaches its broker. Descriptions leave the password out.
package struct KafkaSettings: ServiceConfiguration, CustomStringConvertible {
    /// `host:port`, several separated by commas.
    package let bootstrapServers: String
    /// How many partitions a topic gets when the service creates it.
    package let topicPartitions: Int
    /// How many brokers keep a copy of a topic that the service creates.
    package let replicationFactor: Int
    /// Security settings by their librdkafka names, only those that were set: `security.protocol`, `sasl.mechanism`, `sasl.username`,
    /// `sasl.password` (secret), `ssl.ca.location`.
    package let securityProperties: [String: String]

    /// How long a consumer may be silent before the group gives its partitions to others.
    package let sessionTimeout: Duration
    /// A lasting name of this instance, for static membership.
    package let instanceID: String?

    package init(reading reader: inout ConfigurationReader) {
        bootstrapServers = reader.read(RuntimeKeys.kafkaServers)
        topicPartitions = reader.read(RuntimeKeys.kafkaPartitions)
        replicationFactor = reader.read(RuntimeKeys.kafkaReplication)
        sessionTimeout = reader.read(RuntimeKeys.kafkaSessionTimeout)
        instanceID = reader.read(RuntimeKeys.kafkaInstanceID)
        let transport = reader.read(RuntimeKeys.kafkaProtocol)
        let mechanism = reader.read(RuntimeKeys.kafkaMechanism)
        let username = reader.read(RuntimeKeys.kafkaUsername)
        let password = reader.read(RuntimeKeys.kafkaPassword)
        if transport.usesSASL, username == nil {
            reader.reject(RuntimeKeys.kafkaUsername, "missing; KAFKA_SECURITY_PROTOCOL asks for SASL")
        }
        if transport.usesSASL, password == nil {
            reader.reject(RuntimeKeys.kafkaPassword, "missing; KAFKA_SECURITY_PROTOCOL asks for SASL")
        }
        var properties: [String: String] = [:]
        if transport != .plaintext { properties["security.protocol"] = transport.rawValue }
        if transport.usesSASL {
            properties["sasl.mechanism"] = mechanism.rawValue
            properties["sasl.username"] = username
            properties["sasl.password"] = password
        }
        properties["ssl.ca.location"] = reader.read(RuntimeKeys.kafkaAuthorities)
        securityProperties = properties
    }

    package var description: String { bootstrapServers }
}

/// How the connection to the broker is protected (librdkafka's `security.protocol`).
package enum KafkaSecurityProtocol: String, CaseIterable, Sendable {
    case plaintext = "PLAINTEXT"
    case tls = "SSL"
    case saslPlaintext = "SASL_PLAINTEXT"
    case saslTLS = "SASL_SSL"

    /// Whether the client has to name itself.
    package var usesSASL: Bool { self == .saslPlaintext || self == .saslTLS }
}

/// How the client proves who it is (librdkafka's `sasl.mechanism`).
package enum KafkaMechanism: String, CaseIterable, Sendable {
    case plain = "PLAIN"
    case scram256 = "SCRAM-SHA-256"
    case scram512 = "SCRAM-SHA-512"
}
