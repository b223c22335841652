import Logging

/// Writes librdkafka's log lines and errors to the application's log.
struct ClientLog: Sendable {
    private var logger: Logger

    init(_ logger: Logger, client: String) {
        self.logger = logger
        self.logger[metadataKey: Key.client] = "\(client)"
    }

    /// A line of librdkafka's own log, at the level that its syslog number stands for.
    func line(level: Int32, facility: String, text: String) {
        // librdkafka warns, at each new client, of a property that our guarantee rests on, and of those meant for the other kind of client.
        let isIntended = facility == "CONFWARN" && (text.contains("enable.gapless.guarantee") || text.contains("will be ignored by this"))
        logger.log(
            level: isIntended ? .debug : Self.level(level),
            "librdkafka says",
            metadata: [Key.facility: "\(facility)", Key.text: "\(text)"]
        )
    }

    /// An error that no call can return, because librdkafka met it in the background. It recovers from all but the fatal ones.
    func failure(_ error: KafkaError) {
        logger.log(
            level: error.isFatal ? .error : error.isUnavailable ? .warning : .notice,
            "Kafka client met an error",
            metadata: [Key.error: "\(error.debugDescription)"]
        )
    }

    func debug(_ message: Logger.Message, _ metadata: Logger.Metadata = [:]) {
        logger.debug(message, metadata: metadata)
    }

    func notice(_ message: Logger.Message, _ metadata: Logger.Metadata = [:]) {
        logger.notice(message, metadata: metadata)
    }

    func warning(_ message: Logger.Message, _ metadata: Logger.Metadata = [:]) {
        logger.warning(message, metadata: metadata)
    }

    /// Metadata names of this module.
    enum Key {
        static let client = "kafka.client"
        static let facility = "kafka.facility"
        static let text = "kafka.text"
        static let error = "kafka.error"
        static let partitions = "kafka.partitions"
        static let topic = "kafka.topic"
    }

    private static func level(_ syslog: Int32) -> Logger.Level {
        switch syslog {
        case ...2: .error
        // What librdkafka calls an error is mostly a broker that it will find again.
        case 3...4: .warning
        case 5: .info
        case 6: .debug
        default: .trace
        }
    }
}
