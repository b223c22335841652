import BlockingExecution
import Logging
import Synchronization

/// The thread on which a consumer waits for records, and on which its partitions come and go.
actor ConsumerThread {
    private let executor = BlockingExecutor()
    private let core: ConsumerCore

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(core: ConsumerCore) {
        self.core = core
    }

    deinit {
        executor.shutdown()
    }

    /// See `KafkaConsumer.nextBatch`. Blocks this thread; `ConsumerCore.wake()` makes it look whether it is cancelled or closed.
    func nextBatch(maximumRecords: Int, within limit: Duration) throws -> ConsumerBatch {
        let deadline = ContinuousClock.now + limit
        var records = core.state.withLock { $0.takeRewound(atMost: maximumRecords) }
        while records.count < maximumRecords {
            if records.isEmpty {
                try core.checkUsable()
                try Task.checkCancellation()
            }
            let wait = records.isEmpty ? deadline - .now : .zero
            guard let event = core.handle.nextEvent(within: wait) else {
                if records.isEmpty && ContinuousClock.now < deadline { continue }
                break
            }
            serve(event, collecting: &records)
            if records.isEmpty && ContinuousClock.now >= deadline { break }
        }
        core.commitWhatIsLeft()
        return core.state.withLock { $0.makeBatch(records) }
    }

    /// See `KafkaConsumer.close`.
    func close(within limit: Duration) {
        waitForBatches(of: core.state.withLock { $0.assignment })
        commit(core.state.withLock { $0.assignment })
        if !core.handle.leave(within: limit) { core.log.warning("consumer left without telling its group") }
        core.state.withLock { $0.revoked($0.assignment, lost: true) }
    }

    private func serve(_ event: ClientEvent, collecting records: inout [ConsumedRecord]) {
        switch event {
        case .fetched(let record):
            if core.state.withLock({ $0.accept(record) }) { records.append(record) }
        case .assigned(let partitions):
            assign(partitions)
        case .revoked(let partitions, let lost):
            let gone = Set(partitions)
            records.removeAll { gone.contains($0.topicPartition) }
            revoke(partitions, lost: lost)
        case .committed(let commits):
            core.commitEnded(commits)
        case .failed(let error):
            core.failed(error)
        case .logged(let level, let facility, let text):
            core.log.line(level: level, facility: facility, text: text)
        case .delivered, .other:
            break
        }
    }

    private func assign(_ partitions: [TopicPartition]) {
        // Only for the lag: librdkafka asks again where to start.
        let committed = partitions.isEmpty ? [:] : (try? core.handle.committed(partitions, within: .seconds(2))) ?? [:]
        do throws(KafkaError) {
            try core.handle.assign(partitions)
            core.state.withLock { $0.assigned(partitions, committed: committed) }
            core.changed(.assigned(partitions))
        } catch {
            core.failed(error)
        }
    }

    private func revoke(_ partitions: [TopicPartition], lost: Bool) {
        if !lost {
            waitForBatches(of: partitions)
            commit(partitions)
        }
        core.state.withLock { $0.revoked(partitions, lost: lost) }
        do throws(KafkaError) {
            try core.handle.unassign(partitions)
        } catch {
            core.failed(error)
        }
        core.changed(lost ? .lost(partitions) : .revoked(partitions))
    }

    private func waitForBatches(of partitions: [TopicPartition]) {
        let deadline = ContinuousClock.now + core.revocationTimeout
        while core.state.withLock({ $0.isBusy(partitions) }) {
            let rest = deadline - .now
            guard rest > .zero else {
                core.log.warning("partitions go while their batch is in flight", [ClientLog.Key.partitions: "\(partitions)"])
                return
            }
            core.batchEnded.wait(within: rest)
        }
    }

    private func commit(_ partitions: [TopicPartition]) {
        let offsets = core.state.withLock { $0.uncommitted(partitions) }
        guard !offsets.isEmpty else { return }
        do throws(KafkaError) {
            try core.handle.commitAndWait(offsets, within: .seconds(5))
            core.state.withLock { $0.noteCommitted(offsets) }
        } catch  where KafkaError.Code.normalInRevocation.contains(error.code) {
            core.log.notice("what was handled last may be delivered again", [ClientLog.Key.error: "\(error)"])
        } catch {
            core.log.failure(error)
        }
    }
}
