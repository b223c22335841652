/// Which records are under way, and who waits for which reports.
///
/// A value: every method notes what happened and returns what is to be done, outside the lock. A send is *admitted* when there is room
/// for its records, in the order of arrival, and *complete* when each of its records has a report.
///
/// After a fatal error, and after a close, nothing is taken; what is under way is heard to its end.
struct ProducerState<Waiter> {
    enum Action {
        /// Hand these records to librdkafka, now.
        case produce(id: UInt64, records: [KafkaRecord])
        case resume(Waiter, with: Result<[DeliveryReport], any Error>)
        /// Nothing is under way any more, or the wait for that is over.
        case drained(UInt64, Bool)
        case purge
    }

    private struct Batch {
        var waiter: Waiter?
        var reports: [DeliveryReport?]
        var missing: Int
    }

    private struct Queued {
        let id: UInt64
        let records: [KafkaRecord]
        let waiter: Waiter
    }

    /// How many records may be under way; a larger send goes alone.
    let capacity: Int
    /// How many sends may wait for room.
    let maximumQueued: Int
    private(set) var inFlight = 0
    /// The error that broke the client; the first one counts.
    private(set) var fatalError: KafkaError?
    private var isClosed = false
    private var batches: [UInt64: Batch] = [:]
    private var queue: [Queued] = []
    private var drains: Set<UInt64> = []

    init(capacity: Int, maximumQueued: Int) {
        self.capacity = capacity
        self.maximumQueued = maximumQueued
    }

    var isIdle: Bool { inFlight == 0 && queue.isEmpty }

    /// A caller wants to send.
    mutating func submit(id: UInt64, records: [KafkaRecord], waiter: Waiter) -> Action? {
        if let error = isClosed ? KafkaError(.closed) : fatalError { return .resume(waiter, with: .failure(error)) }
        if queue.isEmpty && hasRoom(for: records.count) { return admit(Queued(id: id, records: records, waiter: waiter)) }
        guard queue.count < maximumQueued else { return .resume(waiter, with: .failure(KafkaError(.queueFull))) }
        queue.append(Queued(id: id, records: records, waiter: waiter))
        return nil
    }

    /// Reports came in. A report of an unknown send is ignored: nobody can be told.
    mutating func report(_ reports: [(id: UInt64, index: Int, report: DeliveryReport)]) -> [Action] {
        var actions: [Action] = []
        for (id, index, report) in reports {
            guard let slot = batches.index(forKey: id), batches.values[slot].reports.indices.contains(index) else { continue }
            guard batches.values[slot].reports[index] == nil else { continue }
            batches.values[slot].reports[index] = mark(report)
            batches.values[slot].missing -= 1
            inFlight -= 1
            if batches.values[slot].missing == 0 {
                let batch = batches.remove(at: slot).value
                if let waiter = batch.waiter { actions.append(.resume(waiter, with: .success(batch.reports.compactMap(\.self)))) }
            }
        }
        return actions + admitQueued() + finishDrains()
    }

    /// The caller was cancelled. Its records that are under way stay under way.
    mutating func abandon(_ id: UInt64) -> [Action] {
        if let index = queue.firstIndex(where: { $0.id == id }) {
            return [.resume(queue.remove(at: index).waiter, with: .failure(CancellationError()))] + admitQueued() + finishDrains()
        }
        guard let waiter = batches[id]?.waiter else { return [] }
        batches[id]?.waiter = nil
        return [.resume(waiter, with: .failure(CancellationError()))]
    }

    /// The client broke. What is under way is given up, so that every report comes in; what waits for room is refused.
    mutating func fail(_ error: KafkaError) -> [Action] {
        guard fatalError == nil else { return [] }
        fatalError = error
        return [.purge] + refuseQueued(error) + finishDrains()
    }

    /// No more sends. What is under way stays under way.
    mutating func close() -> [Action] {
        isClosed = true
        return refuseQueued(KafkaError(.closed)) + finishDrains()
    }

    /// Somebody waits until nothing is under way.
    mutating func drain(_ id: UInt64) -> [Action] {
        drains.insert(id)
        return finishDrains()
    }

    /// Somebody does not wait any longer.
    mutating func abandonDrain(_ id: UInt64) -> [Action] {
        drains.remove(id) == nil ? [] : [.drained(id, false)]
    }

    private func hasRoom(for count: Int) -> Bool {
        inFlight == 0 || inFlight + count <= capacity
    }

    private mutating func admit(_ send: Queued) -> Action {
        inFlight += send.records.count
        batches[send.id] = Batch(
            waiter: send.waiter,
            reports: Array(repeating: nil, count: send.records.count),
            missing: send.records.count
        )
        return .produce(id: send.id, records: send.records)
    }

    private mutating func admitQueued() -> [Action] {
        var actions: [Action] = []
        while fatalError == nil, !isClosed, let first = queue.first, hasRoom(for: first.records.count) {
            actions.append(admit(queue.removeFirst()))
        }
        return actions
    }

    private mutating func refuseQueued(_ error: KafkaError) -> [Action] {
        defer { queue.removeAll() }
        return queue.map { .resume($0.waiter, with: .failure(error)) }
    }

    private mutating func finishDrains() -> [Action] {
        guard isIdle else { return [] }
        defer { drains.removeAll() }
        return drains.map { .drained($0, true) }
    }

    /// After a fatal error every failure is fatal to the caller: no retry on this client can succeed.
    private func mark(_ report: DeliveryReport) -> DeliveryReport {
        guard fatalError != nil, case .failure(var error) = report else { return report }
        error.isFatal = true
        return .failure(error)
    }
}
