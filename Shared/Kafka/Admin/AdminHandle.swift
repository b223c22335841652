import CRDKafka

/// Questions and orders to the cluster. All of them block until the answer or the timeout.
extension ClientHandle {
    /// - Throws: `KafkaError`, `transport` or `timedOut` when no broker answers.
    func metadata(allTopics: Bool, within timeout: Duration) throws(KafkaError) -> ClusterMetadata {
        var answer: UnsafePointer<rd_kafka_metadata>?
        let code = unsafe rd_kafka_metadata(client, allTopics ? 1 : 0, nil, &answer, timeout.wholeMilliseconds)
        if let error = KafkaError(code) { throw error }
        guard let answer = unsafe answer else { throw KafkaError(.state) }
        defer { unsafe rd_kafka_metadata_destroy(answer) }
        var topics: [String: Int] = [:]
        for index in unsafe 0..<Int(answer.pointee.topic_cnt) {
            let topic = unsafe answer.pointee.topics[index]
            let partitions = unsafe UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
            guard unsafe topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, unsafe partitions.allSatisfy({ unsafe $0.leader >= 0 }) else { continue }
            unsafe topics[String(cString: topic.topic)] = partitions.count
        }
        return ClusterMetadata(brokers: unsafe Int(answer.pointee.broker_cnt), topics: topics)
    }

    /// The cluster's identity; `nil` when it has none, or none was told in time.
    func clusterID(within timeout: Duration) -> String? {
        guard let text = unsafe rd_kafka_clusterid(client, timeout.wholeMilliseconds) else { return nil }
        defer { unsafe rd_kafka_mem_free(client, text) }
        return unsafe String(cString: text)
    }

    /// The first offset of a partition, and the one after its last.
    func offsets(of partition: TopicPartition, within timeout: Duration) throws(KafkaError) -> Range<Int64> {
        var first: Int64 = 0
        var end: Int64 = 0
        let code = unsafe rd_kafka_query_watermark_offsets(
            client,
            partition.topic,
            partition.partition,
            &first,
            &end,
            timeout.wholeMilliseconds
        )
        if let error = KafkaError(code) { throw error }
        return first..<max(first, end)
    }

    /// Creates topics. Returns the outcome of each: `nil` for success.
    func createTopics(_ topics: [TopicSpecification], within timeout: Duration) throws(KafkaError) -> [String: KafkaError?] {
        var orders: [OpaquePointer?] = unsafe []
        defer { unsafe orders.forEach { unsafe rd_kafka_NewTopic_destroy($0) } }
        for topic in topics {
            var reason = [CChar](repeating: 0, count: 256)
            let order = unsafe rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replicationFactor, &reason, reason.count)
            guard let order = unsafe order else { throw KafkaError(.invalidArgument, detail: "topic \(topic.name) is refused") }
            unsafe orders.append(order)
            for (name, value) in topic.configuration { unsafe rd_kafka_NewTopic_set_config(order, name, value) }
        }
        let event = try unsafe answer(to: RD_KAFKA_ADMIN_OP_CREATETOPICS, within: timeout) { options, queue in
            unsafe orders.withUnsafeMutableBufferPointer {
                unsafe rd_kafka_CreateTopics(client, $0.baseAddress, $0.count, options, queue)
            }
        }
        defer { unsafe rd_kafka_event_destroy(event) }
        var count = 0
        let results = unsafe rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        return unsafe ClientHandle.outcomes(results, count)
    }

    /// Deletes topics. Returns the outcome of each: `nil` for success.
    func deleteTopics(_ names: [String], within timeout: Duration) throws(KafkaError) -> [String: KafkaError?] {
        var orders: [OpaquePointer?] = unsafe names.map { unsafe rd_kafka_DeleteTopic_new($0) }
        defer { unsafe orders.forEach { unsafe rd_kafka_DeleteTopic_destroy($0) } }
        let event = try unsafe answer(to: RD_KAFKA_ADMIN_OP_DELETETOPICS, within: timeout) { options, queue in
            unsafe orders.withUnsafeMutableBufferPointer {
                unsafe rd_kafka_DeleteTopics(client, $0.baseAddress, $0.count, options, queue)
            }
        }
        defer { unsafe rd_kafka_event_destroy(event) }
        var count = 0
        let results = unsafe rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
        return unsafe ClientHandle.outcomes(results, count)
    }

    /// Sets the committed offsets of a group that has no member.
    func alterOffsets(group: String, _ offsets: [TopicPartition: Int64], within timeout: Duration) throws(KafkaError) {
        let list = PartitionList(offsets)
        var order = unsafe rd_kafka_AlterConsumerGroupOffsets_new(group, list.list)
        defer { unsafe rd_kafka_AlterConsumerGroupOffsets_destroy(order) }
        let event = try unsafe answer(to: RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, within: timeout) { options, queue in
            unsafe rd_kafka_AlterConsumerGroupOffsets(client, &order, 1, options, queue)
        }
        defer { unsafe rd_kafka_event_destroy(event) }
        var count = 0
        let result = unsafe rd_kafka_event_AlterConsumerGroupOffsets_result(event)
        guard let groups = unsafe rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &count), count == 1 else { return }
        if let error = unsafe KafkaError(rd_kafka_error_code(rd_kafka_group_result_error(groups[0]))) { throw error }
        let partitions = unsafe PartitionList.commits(rd_kafka_group_result_partitions(groups[0]), failingWith: nil)
        if let error = partitions.values.lazy.compactMap(\.error).first { throw error }
    }

    /// Forgets a group that has no member, with its offsets.
    func deleteGroup(_ group: String, within timeout: Duration) throws(KafkaError) {
        var order = unsafe rd_kafka_DeleteGroup_new(group)
        defer { unsafe rd_kafka_DeleteGroup_destroy(order) }
        let event = try unsafe answer(to: RD_KAFKA_ADMIN_OP_DELETEGROUPS, within: timeout) { options, queue in
            unsafe rd_kafka_DeleteGroups(client, &order, 1, options, queue)
        }
        defer { unsafe rd_kafka_event_destroy(event) }
        var count = 0
        let result = unsafe rd_kafka_event_DeleteGroups_result(event)
        guard let groups = unsafe rd_kafka_DeleteGroups_result_groups(result, &count), count == 1 else { return }
        if let error = unsafe KafkaError(rd_kafka_error_code(rd_kafka_group_result_error(groups[0]))) { throw error }
    }

    /// Sends an admin request and waits for its result event, which the caller must destroy.
    private func answer(
        to operation: rd_kafka_admin_op_t,
        within timeout: Duration,
        send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void
    ) throws(KafkaError) -> OpaquePointer {
        guard let queue = unsafe rd_kafka_queue_new(client) else { throw KafkaError(.state) }
        defer { unsafe rd_kafka_queue_destroy(queue) }
        let options = unsafe rd_kafka_AdminOptions_new(client, operation)
        defer { unsafe rd_kafka_AdminOptions_destroy(options) }
        unsafe rd_kafka_AdminOptions_set_request_timeout(options, timeout.wholeMilliseconds, nil, 0)
        unsafe send(options, queue)
        // The request has a timeout of its own; this one only guards against a client that never answers.
        guard let event = unsafe rd_kafka_queue_poll(queue, (timeout + .seconds(1)).wholeMilliseconds) else { throw KafkaError(.timedOut) }
        if let error = unsafe KafkaError(rd_kafka_event_error(event), detail: String(cString: rd_kafka_event_error_string(event))) {
            unsafe rd_kafka_event_destroy(event)
            throw error
        }
        return unsafe event
    }

    private static func outcomes(_ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int) -> [String: KafkaError?] {
        var outcomes: [String: KafkaError?] = [:]
        guard let results = unsafe results else { return outcomes }
        for index in 0..<count {
            let result = unsafe results[index]
            let text = unsafe rd_kafka_topic_result_error_string(result)
            let detail = unsafe text.map { unsafe String(cString: $0) } ?? ""
            unsafe outcomes.updateValue(
                KafkaError(rd_kafka_topic_result_error(result), detail: detail),
                forKey: String(cString: rd_kafka_topic_result_name(result))
            )
        }
        return outcomes
    }
}
