import Synchronization

/// A producer's client and state, shared by those who send and the thread that hears the reports.
final class ProducerCore: Sendable {
    /// A record is known by its send and its place in it, in one 64-bit tag: 20 bits are for the place.
    static let maximumRecordsInSend = 1 << 20

    typealias Waiter = CheckedContinuation<[DeliveryReport], any Error>

    let handle: ClientHandle
    let log: ClientLog
    private let state: Mutex<ProducerState<Waiter>>
    private let drains = Mutex<[UInt64: CheckedContinuation<Bool, Never>]>([:])
    private let ended = Atomic<Bool>(false)

    init(handle: ClientHandle, maximumInFlight: Int, log: ClientLog) {
        self.handle = handle
        self.log = log
        state = Mutex(ProducerState(capacity: maximumInFlight, maximumQueued: 1024))
    }

    var fatalError: KafkaError? { state.withLock { $0.fatalError } }

    var hasEnded: Bool { ended.load(ordering: .acquiring) }

    /// Ends the thread that hears the reports.
    func end() {
        ended.store(true, ordering: .releasing)
        handle.wake()
    }

    func submit(id: UInt64, records: [KafkaRecord], continuation: Waiter) {
        if let action = state.withLock({ $0.submit(id: id, records: records, waiter: continuation) }) { perform([action]) }
    }

    func abandon(_ id: UInt64) {
        perform(state.withLock { $0.abandon(id) })
    }

    func fail(_ error: KafkaError) {
        perform(state.withLock { $0.fail(error) })
    }

    func close() {
        perform(state.withLock { $0.close() })
    }

    func purge() {
        handle.purge()
    }

    /// Returns `true` once nothing is under way, `false` when the task is cancelled before.
    func drained(_ id: UInt64) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                drains.withLock { $0[id] = continuation }
                perform(state.withLock { $0.drain(id) })
                if Task.isCancelled { perform(state.withLock { $0.abandonDrain(id) }) }
            }
        } onCancel: {
            perform(state.withLock { $0.abandonDrain(id) })
        }
    }

    /// What librdkafka reported.
    func handle(_ event: ClientEvent) {
        switch event {
        case .delivered(let deliveries):
            // The reports of a fatal error may come before the error itself.
            if deliveries.contains(where: { $0.report.error != nil }), let error = handle.fatalError { fail(error) }
            let reports = deliveries.map { (id: UInt64($0.tag >> 20), index: Int($0.tag & 0xF_FFFF), report: $0.report) }
            perform(state.withLock { $0.report(reports) })
        case .failed(let error):
            log.failure(error)
            if error.isFatal { fail(error) }
        case .logged(let level, let facility, let text):
            log.line(level: level, facility: facility, text: text)
        case .fetched, .assigned, .revoked, .committed, .other:
            break
        }
    }

    private func perform(_ actions: [ProducerState<Waiter>.Action]) {
        for action in actions {
            switch action {
            case .produce(let id, let records): produce(id: id, records: records)
            case .resume(let continuation, let result): continuation.resume(with: result)
            case .drained(let id, let came): drains.withLock { $0.removeValue(forKey: id) }?.resume(returning: came)
            case .purge: handle.purge()
            }
        }
    }

    private func produce(id: UInt64, records: [KafkaRecord]) {
        for (index, record) in records.enumerated() {
            do throws(KafkaError) {
                try handle.produce(record, tag: UInt(id) << 20 | UInt(index))
            } catch {
                refuse(id: id, from: index, of: records.count, error)
                return
            }
        }
    }

    /// A record that cannot be sent ends its send: the ones after it must not overtake it.
    private func refuse(id: UInt64, from first: Int, of count: Int, _ error: KafkaError) {
        if let fatal = handle.fatalError { fail(fatal) }
        let later = (first + 1..<count).map { (id: id, index: $0, report: DeliveryReport.failure(KafkaError(.notAttempted))) }
        perform(state.withLock { $0.report([(id: id, index: first, report: .failure(error))] + later) })
    }
}
