/// What Kafka delivered: bytes, and where they were.
package struct ConsumedRecord: Sendable, Equatable {
    package var topic: String
    package var partition: Int32
    /// Position in the partition, from 0; rises, with gaps where the broker compacted or a transaction was marked.
    package var offset: Int64
    /// When the record was made or appended, as the topic says, in milliseconds since 1970; -1 when the broker did not tell.
    package var timestampMilliseconds: Int64
    package var key: [UInt8]?
    /// `nil` is a tombstone.
    package var value: [UInt8]?
    package var headers: [KafkaHeader]

    package init(
        topic: String,
        partition: Int32,
        offset: Int64,
        timestampMilliseconds: Int64 = -1,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [KafkaHeader] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestampMilliseconds = timestampMilliseconds
        self.key = key
        self.value = value
        self.headers = headers
    }

    package var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}

/// Records that were taken together and are committed, or rewound, together.
///
/// Within a partition they are in offset order and without a repeat.
package struct ConsumerBatch: Sendable {
    package let records: [ConsumedRecord]
    /// Counts the consumer's assignments; a partition that was taken away after this one is skipped by the commit.
    package let generation: UInt64
    let id: UInt64

    package var isEmpty: Bool { records.isEmpty }
}
