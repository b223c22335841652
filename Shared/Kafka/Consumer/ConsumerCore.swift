import Logging
import Synchronization

/// A consumer's client and state, shared by its callers and its thread.
final class ConsumerCore: Sendable {
    let handle: ClientHandle
    let log: ClientLog
    let revocationTimeout: Duration
    /// Signalled when a batch was committed or rewound.
    let batchEnded: WakeUp
    let state = Mutex(ConsumerState())
    private let fatal = Mutex<KafkaError?>(nil)
    private let onChange: (@Sendable (AssignmentChange) -> Void)?

    init(
        handle: ClientHandle,
        revocationTimeout: Duration,
        log: ClientLog,
        onChange: (@Sendable (AssignmentChange) -> Void)?
    ) throws(KafkaError) {
        self.handle = handle
        self.revocationTimeout = revocationTimeout
        self.log = log
        self.onChange = onChange
        batchEnded = try WakeUp(of: handle)
    }

    var fatalError: KafkaError? { fatal.withLock { $0 } }

    /// - Throws: `KafkaError`: the fatal one, `closed`, or `state` when too many batches are out.
    func checkUsable() throws(KafkaError) {
        if let error = fatalError { throw error }
        let (isClosing, batches) = state.withLock { ($0.isClosing, $0.batchesInFlight) }
        if isClosing { throw KafkaError(.closed) }
        if batches >= ConsumerState.maximumInFlight {
            throw KafkaError(.state, detail: "\(batches) batches are neither committed nor rewound")
        }
    }

    /// Makes the thread look whether its caller was cancelled or the consumer closed.
    func wake() {
        handle.wake()
    }

    func startClosing() -> Bool {
        let first = state.withLock { state in
            defer { state.startClosing() }
            return !state.isClosing
        }
        wake()
        return first
    }

    func commit(_ batch: ConsumerBatch) throws(KafkaError) {
        let offsets = state.withLock { $0.commit(batch, now: .now) }
        batchEnded.signal()
        try send(offsets)
    }

    func rewind(_ batch: ConsumerBatch) {
        state.withLock { $0.rewind(batch) }
        batchEnded.signal()
    }

    func commitEnded(_ commits: [TopicPartition: ClientEvent.OffsetCommit]) {
        if let error = commits.values.lazy.compactMap(\.error).first { log.debug("a commit failed", [ClientLog.Key.error: "\(error)"]) }
        let offsets = state.withLock { $0.commitEnded(commits, now: .now) }
        do throws(KafkaError) {
            try send(offsets)
        } catch {
            failed(error)
        }
    }

    /// Sends again what a failed commit left behind.
    func commitWhatIsLeft() {
        do throws(KafkaError) {
            try send(state.withLock { $0.offsetsToCommit(now: .now) })
        } catch {
            failed(error)
        }
    }

    func failed(_ error: KafkaError) {
        log.failure(error)
        if error.isFatal { fatal.withLock { $0 = $0 ?? error } }
    }

    func changed(_ change: AssignmentChange) {
        log.debug("assignment changed", [ClientLog.Key.partitions: "\(change)"])
        onChange?(change)
    }

    private func send(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        do throws(KafkaError) {
            try handle.commit(offsets)
        } catch {
            _ = state.withLock { $0.commitEnded(offsets.mapValues { .init(offset: $0, error: error) }, now: .now) }
            if error.isFatal { throw error }
        }
    }
}
