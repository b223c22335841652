/// How to reach a Kafka cluster, and how to prove who one is.
///
/// | property | default | meaning |
/// | --- | --- | --- |
/// | `bootstrapServers` | none | `host:port`, comma separated; any reachable subset of the cluster |
/// | `clientID` | `happymail` | shown in the broker's logs, metrics and quotas |
/// | `security` | `.plaintext` | encryption of the connection |
/// | `sasl` | `nil` | user name and password; the password is a secret |
/// | `certificateAuthorityFile` | `nil` | PEM file that signs the brokers' certificates; the system's when `nil` |
/// | `lingerMilliseconds` | `0` | 0...100; how long a producer waits for company before it sends a record |
/// | `sessionTimeout` | 45 s | how long a consumer may be silent before its partitions go to others; 6 s or more on most brokers |
/// | `heartbeatInterval` | 3 s | at most a third of the session timeout |
/// | `maximumPollInterval` | 5 min | how long a consumer may work on one batch; at least the session timeout |
/// | `revocationTimeout` | 10 s | how long a consumer keeps a partition for the batch in flight when the group takes it away |
/// | `extra` | empty | any librdkafka property; those that the guarantees rest on (acknowledgements, idempotence, commits) cannot be changed |
package struct KafkaConfiguration: Sendable {
    package var bootstrapServers: String
    package var clientID = "happymail"
    package var security = Security.plaintext
    package var sasl: SASL?
    package var certificateAuthorityFile: String?
    package var lingerMilliseconds = 0
    package var sessionTimeout = Duration.seconds(45)
    package var heartbeatInterval = Duration.seconds(3)
    package var maximumPollInterval = Duration.seconds(300)
    package var revocationTimeout = Duration.seconds(10)
    package var extra: [String: String] = [:]

    /// A plain connection to these servers; everything else is set afterwards.
    package init(bootstrapServers: String) {
        self.bootstrapServers = bootstrapServers
    }

    /// Encryption of the connection.
    package enum Security: String, Sendable, CaseIterable {
        case plaintext = "plaintext"
        case tls = "ssl"
    }

    /// User name and password, and how they are shown to the broker.
    package struct SASL: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
        /// The mechanisms that need only a name and a password.
        package enum Mechanism: String, Sendable, CaseIterable {
            case plain = "PLAIN"
            case scramSHA256 = "SCRAM-SHA-256"
            case scramSHA512 = "SCRAM-SHA-512"
        }

        package var mechanism: Mechanism
        package var username: String
        package var password: String

        /// Credentials for one mechanism; `plain` sends the password as it is, so it belongs on an encrypted connection.
        package init(mechanism: Mechanism, username: String, password: String) {
            self.mechanism = mechanism
            self.username = username
            self.password = password
        }

        /// Never shows the password.
        package var description: String { "\(mechanism.rawValue) as \(username)" }
        package var debugDescription: String { description }
        package var customMirror: Mirror { Mirror(self, children: ["mechanism": mechanism.rawValue, "username": username]) }
    }
}
