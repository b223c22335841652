package import Kafka
package import Logging

/// Sees to it that the topics exist before anyone reads or writes them.
///
/// A consumer that subscribes to a topic that does not exist yet would learn of it only with the next refresh of the metadata, minutes
/// later; so every service makes the topics that it reads as well as those that it writes. Whoever comes first makes them.
package actor Topics {
    private let specifications: [TopicSpecification]
    private let configuration: KafkaConfiguration
    private let logger: Logger
    private var admin: KafkaAdmin?
    private var exist = false

    package init(_ specifications: [TopicSpecification], configuration: KafkaConfiguration, logger: Logger) {
        self.specifications = specifications
        self.configuration = configuration
        self.logger = logger
    }

    /// Returns once the topics exist. The broker is asked until it said so once.
    ///
    /// - Throws: `KafkaError`, when it cannot be reached or refuses.
    package func ensure() async throws {
        if exist { return }
        try await client().ensureTopics(specifications)
        exist = true
        logger.info("the topics exist", metadata: ["topics": "\(specifications.count)"])
    }

    /// Whether the broker answers.
    package func isReachable() async -> Bool {
        guard let admin = try? client() else { return false }
        return await admin.isReachable()
    }

    private func client() throws -> KafkaAdmin {
        if let admin { return admin }
        let made = try KafkaAdmin(configuration: configuration, logger: logger)
        admin = made
        return made
    }
}
