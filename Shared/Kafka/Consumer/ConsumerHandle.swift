import CRDKafka

/// What a group member does with its client.
extension ClientHandle {
    /// Joins the group for these topics; the partitions come as an event.
    func subscribe(_ topics: [String]) throws(KafkaError) {
        let list = PartitionList(topics: topics)
        if let error = unsafe KafkaError(rd_kafka_subscribe(client, list.list)) { throw error }
    }

    /// Takes partitions that the group gave, from their committed offsets.
    func assign(_ partitions: [TopicPartition]) throws(KafkaError) {
        let list = PartitionList(partitions)
        if let error = unsafe KafkaError(consuming: rd_kafka_incremental_assign(client, list.list)) { throw error }
    }

    /// Lets partitions go that the group took.
    func unassign(_ partitions: [TopicPartition]) throws(KafkaError) {
        let list = PartitionList(partitions)
        if let error = unsafe KafkaError(consuming: rd_kafka_incremental_unassign(client, list.list)) { throw error }
    }

    /// Sends a commit and returns at once; its outcome comes as an event. Each offset is that of the next record to read.
    func commit(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
        let list = PartitionList(offsets)
        if let error = unsafe KafkaError(rd_kafka_commit_queue(client, list.list, events, nil, nil)) { throw error }
    }

    /// Sends a commit and waits for its outcome; blocks.
    ///
    /// - Throws: `KafkaError`; `timedOut` when the broker did not answer in time, and the commit may still arrive.
    func commitAndWait(_ offsets: [TopicPartition: Int64], within timeout: Duration) throws(KafkaError) {
        let list = PartitionList(offsets)
        guard let outcome = unsafe rd_kafka_queue_new(client) else { throw KafkaError(.state) }
        defer { unsafe rd_kafka_queue_destroy(outcome) }
        if let error = unsafe KafkaError(rd_kafka_commit_queue(client, list.list, outcome, nil, nil)) { throw error }
        guard let event = unsafe rd_kafka_queue_poll(outcome, timeout.wholeMilliseconds) else { throw KafkaError(.timedOut) }
        defer { unsafe rd_kafka_event_destroy(event) }
        guard case .committed(let commits) = unsafe ClientEvent(copying: event, of: client) else { return }
        if let error = commits.values.lazy.compactMap(\.error).first { throw error }
    }

    /// The group's committed offsets; partitions without one are left out. Blocks.
    func committed(_ partitions: [TopicPartition], within timeout: Duration) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = PartitionList(partitions)
        if let error = unsafe KafkaError(rd_kafka_committed(client, list.list, timeout.wholeMilliseconds)) { throw error }
        return list.offsets
    }

    /// The first offset and the one after the last, as the last fetch told; `nil` before the first. Never blocks.
    func knownOffsets(_ partition: TopicPartition) -> Range<Int64>? {
        var first: Int64 = -1
        var end: Int64 = -1
        let code = unsafe rd_kafka_get_watermark_offsets(client, partition.topic, partition.partition, &first, &end)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, end >= 0 else { return nil }
        return min(max(first, 0), end)..<end
    }

    /// Stops fetching partitions; they stay assigned.
    func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        let list = PartitionList(partitions)
        if let error = unsafe KafkaError(rd_kafka_pause_partitions(client, list.list)) ?? list.firstError { throw error }
    }

    /// Fetches again, from where `pause` stopped.
    func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        let list = PartitionList(partitions)
        if let error = unsafe KafkaError(rd_kafka_resume_partitions(client, list.list)) ?? list.firstError { throw error }
    }

    /// Leaves the group; blocks, at most for the given time. Whether the broker was told.
    func leave(within limit: Duration) -> Bool {
        guard let events = unsafe rd_kafka_queue_new(client) else { return false }
        defer { unsafe rd_kafka_queue_destroy(events) }
        guard unsafe KafkaError(consuming: rd_kafka_consumer_close_queue(client, events)) == nil else { return false }
        let deadline = ContinuousClock.now + limit
        while unsafe rd_kafka_consumer_closed(client) == 0 {
            guard ContinuousClock.now < deadline else { return false }
            // The end itself is no event, so the wait for the next one is short.
            guard let event = unsafe rd_kafka_queue_poll(events, 10) else { continue }
            if unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE { unsafe rd_kafka_assign(client, nil) }
            unsafe rd_kafka_event_destroy(event)
        }
        return true
    }
}

/// Something to wait on with a time limit, and to be woken from by another thread.
///
/// Safe to share: an empty librdkafka queue, which is thread-safe; the pointer never changes and is freed when nobody holds it.
@safe final class WakeUp: @unchecked Sendable {
    private let queue: OpaquePointer
    private let owner: ClientHandle

    init(of owner: ClientHandle) throws(KafkaError) {
        guard let queue = unsafe rd_kafka_queue_new(owner.client) else { throw KafkaError(.state) }
        unsafe self.queue = queue
        self.owner = owner
    }

    deinit {
        unsafe rd_kafka_queue_destroy(queue)
    }

    /// Blocks until `signal()` is called, or was called since the last wait, or the time is over.
    func wait(within limit: Duration) {
        if let event = unsafe rd_kafka_queue_poll(queue, limit.wholeMilliseconds) { unsafe rd_kafka_event_destroy(event) }
    }

    func signal() {
        unsafe rd_kafka_queue_yield(queue)
    }
}
