import Logging
import Testing

@testable import ServiceRuntime

@Suite struct ConfigurationTests {
    private static let complete = ["DATABASE_URL": "postgres://u:secret@h/d", "KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9093"]

    private func read(_ environment: [String: String]) -> (RuntimeConfiguration, [String]) {
        var reader = ConfigurationReader(environment: environment)
        let configuration = RuntimeConfiguration(reading: &reader)
        return (configuration, reader.issues.map(\.description))
    }

    @Test func `Defaults hold when only what is required is set`() {
        let (configuration, issues) = read(Self.complete)
        #expect(issues.isEmpty)
        #expect(configuration.http.host == "127.0.0.1")
        #expect(configuration.http.port == 8080)
        #expect(configuration.http.bodyLimitBytes == 65_536)
        #expect(configuration.http.maximumConcurrentRequests == 256)
        #expect(configuration.database.maximumConnections == 8)
        #expect(configuration.kafka.topicPartitions == 12)
        #expect(configuration.kafka.replicationFactor == 1)
        #expect(configuration.kafka.securityProperties.isEmpty)
        #expect(configuration.relay == .builtin)
        #expect(configuration.logLevel == .info)
        #expect(configuration.shutdownTimeout == .seconds(20))
        #expect(configuration.migratesOnStart)
    }

    @Test func `Every bad key is named at once, in one line each`() {
        let (_, issues) = read([
            "HTTP_PORT": "abc", "DATABASE_URL": "mysql://u:secret@h/d", "DATABASE_MAX_CONNECTIONS": "0", "LOG_LEVEL": "loud",
            "RELAY": "both",
            "SHUTDOWN_TIMEOUT_SECONDS": "-1", "MIGRATE_ON_START": "perhaps",
        ])
        #expect(
            issues == [
                "HTTP_PORT: \"abc\" is not valid; expected an integer from 0 to 65535",
                "DATABASE_URL: the value is not valid; expected a postgres:// URL",
                "DATABASE_MAX_CONNECTIONS: \"0\" is not valid; expected an integer from 1 to 512",
                "KAFKA_BOOTSTRAP_SERVERS: missing; expected host:port, several separated by commas",
                "RELAY: \"both\" is not valid; expected one of builtin, debezium",
                "LOG_LEVEL: \"loud\" is not valid; expected one of trace, debug, info, notice, warning, error, critical",
                "SHUTDOWN_TIMEOUT_SECONDS: \"-1\" is not valid; expected a duration from 100ms to 600s, such as 5, 5s or 250ms",
                "MIGRATE_ON_START: \"perhaps\" is not valid; expected true or false",
            ]
        )
    }

    @Test func `Debezium can be the relay`() {
        #expect(read(Self.complete.merging(["RELAY": "debezium"]) { $1 }).0.relay == .debezium)
    }

    @Test func `An empty variable counts as not set`() {
        let (configuration, issues) = read(Self.complete.merging(["HTTP_PORT": "", "DATABASE_URL": ""]) { $1 })
        #expect(configuration.http.port == 8080)
        #expect(issues == ["DATABASE_URL: missing; expected a postgres:// URL"])
    }

    @Test(arguments: ["a", "a:", ":1", "a:0", "a:70000", "a:1,", "a:1, b:2", "a b:1"])
    func `A list of servers without hosts and ports is refused`(servers: String) {
        #expect(read(Self.complete.merging(["KAFKA_BOOTSTRAP_SERVERS": servers]) { $1 }).1.count == 1)
    }

    @Test func `SASL needs a name and a password, and sets what librdkafka reads`() {
        let (_, issues) = read(Self.complete.merging(["KAFKA_SECURITY_PROTOCOL": "sasl_ssl"]) { $1 })
        #expect(issues.map { $0.prefix { $0 != ":" } } == ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"])
        let secured = [
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_USERNAME": "u",
            "KAFKA_SASL_PASSWORD": "p",
            "KAFKA_CA_FILE": "/ca.pem",
        ]
        let (configuration, none) = read(Self.complete.merging(secured) { $1 })
        #expect(none.isEmpty)
        #expect(
            configuration.kafka.securityProperties == [
                "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "u", "sasl.password": "p",
                "ssl.ca.location": "/ca.pem",
            ]
        )
    }

    @Test func `Descriptions and help keep secrets`() {
        let (configuration, _) = read(Self.complete)
        #expect(!"\(configuration.database)".contains("secret"))
        var reader = ConfigurationReader.describing
        _ = RuntimeConfiguration(reading: &reader)
        let help = SettingsHelp.text(for: reader.keys)
        #expect(help.contains("DATABASE_URL\n  text: a postgres:// URL; required; secret"))
        #expect(help.contains("HTTP_PORT\n  integer: an integer from 0 to 65535; default 8080"))
        #expect(reader.issues.isEmpty)
        #expect(Set(reader.keys.map(\.name)).count == reader.keys.count)
        #expect(reader.keys.filter(\.isSecret).map(\.name) == ["DATABASE_URL", "KAFKA_SASL_PASSWORD"])
    }

    @Test(arguments: [
        ("20", Duration.seconds(20)), ("5s", .seconds(5)), ("250ms", .milliseconds(250)), ("2m", .seconds(120)), ("0", .zero),
    ])
    func `Durations are read with and without a unit`(text: String, duration: Duration) {
        #expect(DurationText.duration(of: text) == duration)
    }

    @Test(arguments: ["", "s", "-1", "1.5s", "1h", "1 s", "9999999999", "٣"])
    func `Other texts are no durations`(text: String) {
        #expect(DurationText.duration(of: text) == nil)
    }
}
