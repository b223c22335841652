package import Logging
import Synchronization

/// A member of a consumer group that hands out records in batches.
///
/// Guarantee: every record of the topics is handed to some member of the group at least once, and within a partition in order. It is handed
/// out again unless its batch was committed: after a crash, after a `rewind`, and when its partition moves to another member before the
/// commit arrives. While a batch is worked on nothing has to be called: heartbeats go on. But a batch that takes longer than the
/// configuration's `maximumPollInterval` costs the membership: the group gives the partitions away (`AssignmentChange.lost`), the late
/// commit is skipped, and the next `nextBatch` joins again.
///
/// Calls of `nextBatch` run one after the other. A batch may be out while the next one is taken; each must be committed or rewound, and
/// those of a partition in their order. Close the consumer: until then its thread waits, and the group believes in it.
package final class KafkaConsumer: Sendable {
    let core: ConsumerCore
    private let thread: ConsumerThread

    /// Makes a consumer and joins the group in the background.
    ///
    /// `instanceID` makes it a static member (KIP-345): it comes back to its partitions after a restart within the session timeout without a
    /// rebalance, and for that reason does not leave the group when it is closed. `onAssignmentChange` is called on the consumer's thread,
    /// while `nextBatch` runs, and must be short.
    /// - Throws: `KafkaError` with `invalidArgument` when the configuration or a name is refused.
    package init(
        configuration: KafkaConfiguration,
        group: String,
        instanceID: String? = nil,
        topics: [String],
        logger: Logger,
        onAssignmentChange: (@Sendable (AssignmentChange) -> Void)? = nil
    ) throws(KafkaError) {
        let handle = try ClientHandle(.consumer, .consumer(configuration, group: group, instanceID: instanceID))
        core = try ConsumerCore(
            handle: handle,
            revocationTimeout: configuration.revocationTimeout,
            log: ClientLog(logger, client: "consumer of \(group)"),
            onChange: onAssignmentChange
        )
        thread = ConsumerThread(core: core)
        try handle.subscribe(topics)
    }

    /// Waits up to `within` for a record, then takes what is there, up to `maximumRecords` (1...100,000). Empty when the time is over.
    ///
    /// Also serves the group: partitions come and go only inside this call, so it must be called again and again. Blocks a thread of its
    /// own, never the cooperative pool. Errors that librdkafka recovers from by itself are logged, not thrown.
    /// - Throws: `CancellationError` at once when the task is cancelled and nothing was taken; `KafkaError`: a fatal one (make a new
    ///   consumer), `closed`, or `state` when 64 batches are out.
    package func nextBatch(maximumRecords: Int, within limit: Duration) async throws -> ConsumerBatch {
        precondition((1...100_000).contains(maximumRecords), "maximumRecords is out of range")
        return try await withTaskCancellationHandler {
            try await thread.nextBatch(maximumRecords: maximumRecords, within: limit)
        } onCancel: {
            core.wake()
        }
    }

    /// The batch was handled: its records are not handed out again.
    ///
    /// Returns before the broker answers. At most one commit is on its way; what is committed meanwhile goes with the next one, one that
    /// failed is sent again, and a revocation or `close` waits for what is left. Partitions that were taken away since are skipped.
    /// - Throws: `KafkaError`, only a fatal one.
    package func commit(_ batch: ConsumerBatch) async throws {
        guard !batch.isEmpty else { return }
        try core.commit(batch)
    }

    /// The batch was not handled: its records are handed out again, before any other of their partitions.
    ///
    /// They are kept here, nothing is fetched again; those of partitions that were taken away meanwhile are with their new owner.
    package func rewind(_ batch: ConsumerBatch) {
        guard !batch.isEmpty else { return }
        core.rewind(batch)
    }

    /// The partitions that the group gave us, sorted.
    package var assignment: [TopicPartition] { core.state.withLock { $0.assignment } }

    /// Whether the group has given us our share, which may be nothing. `false` before the first time and after the membership was lost.
    package var isAssigned: Bool { core.state.withLock { $0.isAssigned } }

    /// The error that made this consumer unusable; `nil` while it works.
    package var fatalError: KafkaError? { core.fatalError }

    /// Records that are in the partition and not handled yet, for each assigned partition whose end is known. Never blocks.
    ///
    /// The end is known with the answer to the first fetch, which comes with the first record or within `fetch.wait.max.ms`.
    package func lag() -> [TopicPartition: Int64] {
        var lag: [TopicPartition: Int64] = [:]
        for partition in assignment {
            guard let offsets = core.handle.knownOffsets(partition) else { continue }
            let position = core.state.withLock { $0.position(partition) } ?? offsets.lowerBound
            lag[partition] = max(0, offsets.upperBound - position)
        }
        return lag
    }

    /// Stops taking records of these partitions, which stay ours.
    ///
    /// - Throws: `KafkaError` when one of them is not assigned.
    package func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try core.handle.pause(partitions)
    }

    /// Takes records of these partitions again, from where `pause` stopped.
    ///
    /// - Throws: `KafkaError` when one of them is not assigned.
    package func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try core.handle.resume(partitions)
    }

    /// Ends the `nextBatch` that waits, waits for batches that are out (at most the revocation timeout), commits what was handled, waits for
    /// the broker's answer, and leaves the group. Idempotent; the second call returns at once.
    package func close(within limit: Duration = .seconds(10)) async {
        guard core.startClosing() else { return }
        await thread.close(within: limit)
    }
}
