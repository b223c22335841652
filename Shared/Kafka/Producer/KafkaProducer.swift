package import Logging
import Synchronization

/// Sends records to Kafka so that none is lost, repeated or overtaken while the producer lives.
///
/// Guarantee: a record that is reported delivered is on every in-sync replica, exactly once; records of one `send` that go to the same
/// partition are there in the order of the call, and **without a hole**: a record is never delivered after one before it, in the same
/// partition, failed. Therefore records never time out; while no broker can be reached `send` waits, and cancelling its task ends the wait.
/// Whatever would tear a hole is a fatal error instead: everything under way fails, and the producer is to be closed and made anew. The
/// records that failed may or may not be at the broker, so whoever repeats them must expect them twice.
///
/// Close it: until then a thread waits for its reports.
package final class KafkaProducer: Sendable {
    let core: ProducerCore
    private let reports: Task<Void, Never>
    private let lastID = Atomic<UInt64>(0)

    /// Makes a producer and the thread that waits for its reports; connections are opened in the background.
    ///
    /// `maximumInFlight`: 1...1,000,000 records that may be under way; sends beyond it wait, at most 1,024 of them.
    /// - Throws: `KafkaError` with `invalidArgument` when the configuration is refused.
    package init(configuration: KafkaConfiguration, maximumInFlight: Int = 100_000, logger: Logger) throws(KafkaError) {
        precondition((1...1_000_000).contains(maximumInFlight), "maximumInFlight is out of range")
        let core = try ProducerCore(
            handle: ClientHandle(.producer, .producer(configuration, capacity: 2 * ProducerCore.maximumRecordsInSend)),
            maximumInFlight: maximumInFlight,
            log: ClientLog(logger, client: "producer")
        )
        self.core = core
        let thread = ReportThread()
        reports = Task { await thread.run(for: core) }
    }

    deinit {
        core.end()
    }

    /// Sends records, in order, and returns when each has its report; the reports are in the order of the records.
    ///
    /// Waits for room when too much is under way, and as long as it takes when no broker can be reached. When librdkafka refuses a record
    /// (`messageTooLarge`, for example) the ones after it are not attempted. When the task is cancelled the call ends at once, but records
    /// that were handed over stay under way, ahead of whatever is sent later; `purge()` gives them up.
    /// - Throws: `KafkaError`, when nothing of the call was handed over: fatal after a fatal error or a purge, `closed`, or `queueFull` when
    ///   1,024 sends wait already. `CancellationError`.
    package func send(_ records: [KafkaRecord]) async throws -> [DeliveryReport] {
        precondition(records.count <= ProducerCore.maximumRecordsInSend, "too many records for one send")
        guard !records.isEmpty else { return [] }
        let id = nextID()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                core.submit(id: id, records: records, continuation: continuation)
                if Task.isCancelled { core.abandon(id) }
            }
        } onCancel: {
            core.abandon(id)
        }
    }

    /// The error that made this producer unusable; `nil` while it works.
    package var fatalError: KafkaError? { core.fatalError }

    /// Waits, for the given time at most, until every record has its report. Whether that came true.
    @discardableResult
    package func flush(within limit: Duration) async -> Bool {
        let id = nextID()
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { [core] in await core.drained(id) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// Gives up everything under way and takes nothing more: each pending record fails, and so does every later `send`, fatally.
    ///
    /// What was given up may be at the broker all the same, and repeating it here could overtake it; therefore the producer ends with it.
    package func purge() {
        core.fail(KafkaError(.purgedFromQueue, detail: "purged by its owner", isFatal: true))
    }

    /// Takes no more sends, waits for those under way for the given time at most, purges the rest, and ends the thread. Idempotent.
    package func close(within limit: Duration) async {
        core.close()
        if await !flush(within: limit) {
            core.purge()
            await flush(within: .seconds(1))
        }
        core.end()
        await reports.value
    }

    private func nextID() -> UInt64 {
        lastID.add(1, ordering: .relaxed).newValue
    }
}
