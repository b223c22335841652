import CRDKafka

/// librdkafka's list of partitions with offsets; freed when it goes out of scope.
@safe struct PartitionList: ~Copyable {
    let list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// Partitions without offsets.
    init(_ partitions: some Collection<TopicPartition>) {
        unsafe list = rd_kafka_topic_partition_list_new(Int32(clamping: partitions.count))
        for partition in partitions {
            _ = unsafe rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition)
        }
    }

    /// Partitions with the offset of each.
    init(_ offsets: [TopicPartition: Int64]) {
        unsafe list = rd_kafka_topic_partition_list_new(Int32(clamping: offsets.count))
        for (partition, offset) in offsets {
            let element = unsafe rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition)
            unsafe element?.pointee.offset = offset
        }
    }

    /// Topics to subscribe to.
    init(topics: [String]) {
        unsafe list = rd_kafka_topic_partition_list_new(Int32(clamping: topics.count))
        for topic in topics {
            // -1 is RD_KAFKA_PARTITION_UA: whichever the group gives us.
            _ = unsafe rd_kafka_topic_partition_list_add(list, topic, -1)
        }
    }

    deinit {
        unsafe rd_kafka_topic_partition_list_destroy(list)
    }

    /// The offsets that are known, of the partitions that have no error.
    var offsets: [TopicPartition: Int64] {
        unsafe PartitionList.commits(list, failingWith: nil).filter { $0.value.error == nil && $0.value.offset >= 0 }.mapValues(\.offset)
    }

    /// The first error that librdkafka noted at a partition.
    var firstError: KafkaError? {
        unsafe PartitionList.commits(list, failingWith: nil).values.lazy.compactMap(\.error).first
    }

    /// Copies the partitions of a list that librdkafka owns.
    static func partitions(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        unsafe elements(list).map { unsafe TopicPartition(topic: String(cString: $0.topic), partition: $0.partition) }
    }

    /// Copies offsets and errors of a list that librdkafka owns.
    static func commits(
        _ list: UnsafePointer<rd_kafka_topic_partition_list_t>?,
        failingWith overall: KafkaError?
    ) -> [TopicPartition: ClientEvent.OffsetCommit] {
        var commits: [TopicPartition: ClientEvent.OffsetCommit] = [:]
        let elements = unsafe elements(list)
        for index in elements.indices {
            let element = unsafe elements[index]
            let partition = unsafe TopicPartition(topic: String(cString: element.topic), partition: element.partition)
            unsafe commits[partition] = .init(offset: element.offset, error: KafkaError(element.err) ?? overall)
        }
        return commits
    }

    private static func elements(
        _ list: UnsafePointer<rd_kafka_topic_partition_list_t>?
    ) -> UnsafeBufferPointer<rd_kafka_topic_partition_t> {
        guard let list = unsafe list, let start = unsafe list.pointee.elems else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
        return unsafe UnsafeBufferPointer(start: start, count: Int(list.pointee.cnt))
    }
}
