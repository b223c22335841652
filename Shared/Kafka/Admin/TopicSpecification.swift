/// A topic as it should be.
package struct TopicSpecification: Sendable, Equatable {
    package var name: String
    /// 1 or more. Changing it later moves keys to other partitions.
    package var partitions: Int32
    /// How many brokers keep each partition: 1 or more; -1 leaves it to the broker.
    package var replicationFactor: Int32
    /// Kafka's topic properties, `retention.ms` for example.
    package var configuration: [String: String]

    package init(name: String, partitions: Int32, replicationFactor: Int32 = -1, configuration: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.configuration = configuration
    }
}

/// What the cluster says about itself.
package struct ClusterMetadata: Sendable, Equatable {
    /// How many brokers are in the cluster.
    package let brokers: Int
    /// The number of partitions of each topic that exists and has a leader for each of them.
    package let topics: [String: Int]
}
