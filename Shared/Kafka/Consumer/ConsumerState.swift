/// Which partitions a consumer owns, which batches are out, and what is to be committed.
///
/// A value: every method notes what happened and returns what is to be done, outside the lock.
struct ConsumerState {
    /// One partition while we own it.
    private struct Ownership {
        /// The assignment that brought it: a batch of an earlier one has no say here.
        let since: UInt64
        /// The next offset to hand out; what lies before it was handed out already.
        var next: Int64?
        /// The next offset to read after what was committed by the application.
        var stored: Int64?
        /// What the broker acknowledged, or had when the partition came.
        var committed: Int64?
        /// Records that were rewound, in offset order: they go out before any other.
        var rewound: [ConsumedRecord] = []
    }

    private(set) var isClosing = false
    private(set) var isAssigned = false
    /// Counts assignments.
    private(set) var generation: UInt64 = 0
    private var owned: [TopicPartition: Ownership] = [:]
    /// Batches that were handed out and are neither committed nor rewound.
    private var inFlight: [UInt64: Set<TopicPartition>] = [:]
    private var lastBatch: UInt64 = 0
    private var isCommitting = false
    private var nextAttempt: ContinuousClock.Instant?

    /// More batches than this cannot be out at once.
    static let maximumInFlight = 64
    /// A commit that failed is sent again after this time.
    static let commitRetryDelay = Duration.milliseconds(500)

    var assignment: [TopicPartition] { owned.keys.sorted() }
    var batchesInFlight: Int { inFlight.count }

    mutating func startClosing() {
        isClosing = true
    }

    // MARK: Assignment

    mutating func assigned(_ partitions: [TopicPartition], committed: [TopicPartition: Int64]) {
        generation += 1
        isAssigned = true
        for partition in partitions {
            owned[partition] = Ownership(since: generation, committed: committed[partition])
        }
    }

    mutating func revoked(_ partitions: [TopicPartition], lost: Bool) {
        for partition in partitions { owned[partition] = nil }
        if lost { isAssigned = false }
    }

    /// Whether a batch that is out holds records of these partitions.
    func isBusy(_ partitions: [TopicPartition]) -> Bool {
        inFlight.values.contains { batch in partitions.contains(where: batch.contains) }
    }

    // MARK: Batches

    /// Rewound records, which go out first.
    mutating func takeRewound(atMost limit: Int) -> [ConsumedRecord] {
        var taken: [ConsumedRecord] = []
        for partition in owned.keys.sorted() where taken.count < limit {
            guard let waiting = owned[partition]?.rewound, !waiting.isEmpty else { continue }
            let part = waiting.prefix(limit - taken.count)
            taken += part
            owned[partition]?.rewound.removeFirst(part.count)
        }
        return taken
    }

    /// Whether a fetched record is to be handed out: we own its partition, and it was not handed out before.
    mutating func accept(_ record: ConsumedRecord) -> Bool {
        guard let ownership = owned[record.topicPartition], record.offset >= ownership.next ?? 0 else { return false }
        owned[record.topicPartition]?.next = record.offset + 1
        return true
    }

    /// A batch of what was taken and is still ours; it is out until it is committed or rewound.
    mutating func makeBatch(_ records: [ConsumedRecord]) -> ConsumerBatch {
        let records = records.filter { owned[$0.topicPartition] != nil }
        lastBatch += 1
        if !records.isEmpty { inFlight[lastBatch] = Set(records.map(\.topicPartition)) }
        return ConsumerBatch(records: records, generation: generation, id: lastBatch)
    }

    /// The batch is to be delivered again.
    mutating func rewind(_ batch: ConsumerBatch) {
        guard inFlight.removeValue(forKey: batch.id) != nil else { return }
        for (partition, records) in Dictionary(grouping: batch.records, by: \.topicPartition) where owns(partition, since: batch) {
            // Batches may be rewound in any order.
            owned[partition]?.rewound.append(contentsOf: records)
            owned[partition]?.rewound.sort { $0.offset < $1.offset }
        }
    }

    // MARK: Commits

    /// The application has handled the batch. Returns the offsets to commit now; empty while another commit is on its way.
    mutating func commit(_ batch: ConsumerBatch, now: ContinuousClock.Instant) -> [TopicPartition: Int64] {
        guard inFlight.removeValue(forKey: batch.id) != nil else { return [:] }
        for record in batch.records where owns(record.topicPartition, since: batch) {
            let stored = owned[record.topicPartition]?.stored ?? 0
            owned[record.topicPartition]?.stored = max(stored, record.offset + 1)
        }
        return offsetsToCommit(now: now)
    }

    /// What is stored and not committed, when the time has come to send it; the caller must report the outcome.
    mutating func offsetsToCommit(now: ContinuousClock.Instant) -> [TopicPartition: Int64] {
        guard !isCommitting, now >= nextAttempt ?? now else { return [:] }
        let offsets = uncommitted(assignment)
        isCommitting = !offsets.isEmpty
        return offsets
    }

    /// The outcome of a commit. Returns what was stored meanwhile.
    mutating func commitEnded(
        _ commits: [TopicPartition: ClientEvent.OffsetCommit],
        now: ContinuousClock.Instant
    ) -> [TopicPartition: Int64] {
        isCommitting = false
        var failed = false
        for (partition, commit) in commits {
            if commit.error != nil {
                failed = true
            } else {
                noteCommitted([partition: commit.offset])
            }
        }
        nextAttempt = failed ? now + Self.commitRetryDelay : nil
        return offsetsToCommit(now: now)
    }

    /// These were committed outside the usual way.
    mutating func noteCommitted(_ offsets: [TopicPartition: Int64]) {
        for (partition, offset) in offsets {
            guard var ownership = owned[partition] else { continue }
            ownership.committed = max(ownership.committed ?? 0, offset)
            owned[partition] = ownership
        }
    }

    /// What is stored and not known to be committed, of these partitions.
    func uncommitted(_ partitions: [TopicPartition]) -> [TopicPartition: Int64] {
        var offsets: [TopicPartition: Int64] = [:]
        for partition in partitions {
            guard let stored = owned[partition]?.stored, stored > owned[partition]?.committed ?? -1 else { continue }
            offsets[partition] = stored
        }
        return offsets
    }

    /// The next offset to read after what the application has handled, as far as we know.
    func position(_ partition: TopicPartition) -> Int64? {
        owned[partition]?.stored ?? owned[partition]?.committed
    }

    private func owns(_ partition: TopicPartition, since batch: ConsumerBatch) -> Bool {
        owned[partition].map { $0.since <= batch.generation } ?? false
    }
}
