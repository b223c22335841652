import BlockingExecution
import CRDKafka

extension KafkaProducer {
    /// Learns where the partitions of topics are and connects to their brokers, so that the first record of each topic does not wait.
    ///
    /// Without it librdkafka looks a topic up when its first record is there, and hands that record over with the next round of its
    /// one-second timer: an order's first event would take as long.
    /// - Throws: `KafkaError`, when no broker answers within the limit.
    package func warmUp(_ topics: [String], within limit: Duration = .seconds(5)) async throws {
        guard !topics.isEmpty else { return }
        try await WarmUp().run(topics, handle: core.handle, within: limit)
    }
}

/// Asks on a thread of its own, because librdkafka blocks until the brokers have answered.
private actor WarmUp {
    private let executor = BlockingExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    deinit {
        executor.shutdown()
    }

    func run(_ topics: [String], handle: ClientHandle, within limit: Duration) throws(KafkaError) {
        try handle.learn(topics, within: limit)
    }
}

extension ClientHandle {
    /// Makes topics known to the client; a known topic outlives the handle that made it known.
    fileprivate func learn(_ topics: [String], within limit: Duration) throws(KafkaError) {
        let handles = unsafe topics.map { unsafe rd_kafka_topic_new(client, $0, nil) }
        defer { unsafe handles.compactMap { unsafe $0 }.forEach { unsafe rd_kafka_topic_destroy($0) } }
        var answer: UnsafePointer<rd_kafka_metadata>?
        // 0: of the topics that this client knows.
        let code = unsafe rd_kafka_metadata(client, 0, nil, &answer, limit.wholeMilliseconds)
        if let answer = unsafe answer { unsafe rd_kafka_metadata_destroy(answer) }
        if let error = KafkaError(code) { throw error }
    }
}
