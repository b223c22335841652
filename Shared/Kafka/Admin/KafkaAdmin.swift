import BlockingExecution
package import Logging

/// Asks a cluster about itself, and prepares topics and groups.
///
/// Every call has a time limit and throws `KafkaError`: `isUnavailable` says that no broker answered. Calls run one after the other on a
/// thread of their own.
package actor KafkaAdmin {
    private let executor = BlockingExecutor()
    private let handle: ClientHandle
    private let log: ClientLog

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Makes a client; connections are opened in the background.
    ///
    /// - Throws: `KafkaError` with `invalidArgument` when the configuration is refused.
    package init(configuration: KafkaConfiguration, logger: Logger) throws(KafkaError) {
        handle = try ClientHandle(.admin, .admin(configuration))
        log = ClientLog(logger, client: "admin")
    }

    deinit {
        executor.shutdown()
    }

    /// Creates the topics that do not exist yet and returns when the cluster shows all of them. Idempotent.
    ///
    /// An existing topic is left as it is; one with another number of partitions is reported in the log.
    package func ensureTopics(_ topics: [TopicSpecification], within limit: Duration = .seconds(30)) async throws {
        guard !topics.isEmpty else { return }
        let deadline = ContinuousClock.now + limit
        let existing = try metadata(within: limit).topics
        let missing = topics.filter { existing[$0.name] == nil }
        if !missing.isEmpty {
            for (name, error) in try handle.createTopics(missing, within: deadline - .now) {
                guard let error, error.code != .topicExists else { continue }
                log.warning("cannot create a topic", [ClientLog.Key.topic: "\(name)", ClientLog.Key.error: "\(error)"])
                throw error
            }
        }
        try await awaitTopics(topics, deadline: deadline)
    }

    /// Deletes topics with their records. Topics that do not exist are no error. For tests and try-outs.
    package func deleteTopics(_ names: [String], within limit: Duration = .seconds(10)) throws(KafkaError) {
        guard !names.isEmpty else { return }
        for error in try handle.deleteTopics(names, within: limit).values {
            if let error, error.code != .unknownTopic { throw error }
        }
    }

    /// The brokers and the topics of the cluster.
    package func metadata(within limit: Duration = .seconds(5)) throws(KafkaError) -> ClusterMetadata {
        defer { serveLog() }
        return try handle.metadata(allTopics: true, within: limit)
    }

    /// The identity of the cluster: another one means that everything we knew about offsets is void. `nil` when the brokers tell none.
    package func clusterID(within limit: Duration = .seconds(5)) throws(KafkaError) -> String? {
        _ = try handle.metadata(allTopics: false, within: limit)
        return handle.clusterID(within: limit)
    }

    /// Whether a broker answers within the time.
    package func isReachable(within limit: Duration = .seconds(2)) -> Bool {
        defer { serveLog() }
        return (try? handle.metadata(allTopics: false, within: limit)) != nil
    }

    /// The offset after the last record of each partition: the one that the next record will have. `limit` is for all of them together.
    package func endOffsets(_ partitions: [TopicPartition], within limit: Duration = .seconds(10)) throws(KafkaError) -> [TopicPartition:
        Int64]
    {
        try offsets(partitions, within: limit).mapValues(\.upperBound)
    }

    /// The first offset that each partition still has.
    package func beginningOffsets(
        _ partitions: [TopicPartition],
        within limit: Duration = .seconds(10)
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try offsets(partitions, within: limit).mapValues(\.lowerBound)
    }

    /// The partitions of a topic, as many as the cluster shows.
    ///
    /// - Throws: `KafkaError` with `unknownTopic`.
    package func partitions(of topic: String, within limit: Duration = .seconds(5)) throws(KafkaError) -> [TopicPartition] {
        guard let count = try metadata(within: limit).topics[topic] else { throw KafkaError(.unknownTopic, detail: topic) }
        return (0..<Int32(clamping: count)).map { TopicPartition(topic: topic, partition: $0) }
    }

    /// Makes a group read these topics from their beginning. The group must have no member (`groupNotEmpty` otherwise, or `unknownMember`).
    package func resetGroup(_ group: String, topics: [String], within limit: Duration = .seconds(10)) throws(KafkaError) {
        var partitions: [TopicPartition] = []
        for topic in topics { partitions += try self.partitions(of: topic, within: limit) }
        guard !partitions.isEmpty else { return }
        try handle.alterOffsets(group: group, beginningOffsets(partitions, within: limit), within: limit)
    }

    /// Forgets a group and its offsets; one that does not exist is no error. The group must have no member.
    package func deleteGroup(_ group: String, within limit: Duration = .seconds(10)) throws(KafkaError) {
        do {
            try handle.deleteGroup(group, within: limit)
        } catch  where error.code == .groupNotFound {
            return
        }
    }

    private func offsets(_ partitions: [TopicPartition], within limit: Duration) throws(KafkaError) -> [TopicPartition: Range<Int64>] {
        let deadline = ContinuousClock.now + limit
        var offsets: [TopicPartition: Range<Int64>] = [:]
        for partition in partitions {
            offsets[partition] = try handle.offsets(of: partition, within: deadline - .now)
        }
        return offsets
    }

    /// Brokers answer a creation before every one of them knows the topic, and tell nobody when they do: so we ask, less and less often.
    private func awaitTopics(_ topics: [TopicSpecification], deadline: ContinuousClock.Instant) async throws {
        var pause = Duration.milliseconds(5)
        while true {
            let shown = try metadata(within: max(deadline - .now, .milliseconds(1))).topics
            if topics.allSatisfy({ shown[$0.name] != nil }) {
                for topic in topics where shown[topic.name] != Int(topic.partitions) {
                    log.warning("a topic has another number of partitions", [ClientLog.Key.topic: "\(topic.name)"])
                }
                return
            }
            guard ContinuousClock.now + pause < deadline else {
                throw KafkaError(.timedOut, detail: "the cluster does not show the topics")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(500))
        }
    }

    private func serveLog() {
        // Nobody waits for this client's events; they are read when it was used. Bounded, because a broker that is away makes many.
        for _ in 0..<100 {
            switch handle.nextEvent(within: .zero) {
            case .logged(let level, let facility, let text): log.line(level: level, facility: facility, text: text)
            case .failed(let error): log.failure(error)
            case nil: return
            default: continue
            }
        }
    }
}
