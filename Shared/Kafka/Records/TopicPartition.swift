/// One partition of one topic.
package struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let topic: String
    /// From 0.
    package let partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `topic[partition]`, as Kafka's own tools write it.
    package var description: String { "\(topic)[\(partition)]" }

    package static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}
