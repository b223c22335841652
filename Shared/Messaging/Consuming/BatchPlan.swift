/// Sorts a batch into what can be handled and what has to be parked, and keeps every sequence in order while it does.
struct BatchPlan {
    private var members: [Int: [Delivery]] = [:]
    private(set) var toPark: [Delivery] = []
    /// Why sequences are parked that were not before.
    private(set) var reasons: [EventSequence: ParkedSequences.Reason] = [:]

    /// - Parameters:
    ///   - deliveries: New events in the order in which they came.
    ///   - blocked: Sequences that are parked already.
    ///   - waiting: Sequences known to have to wait from a certain event on.
    init(_ deliveries: [Delivery], blocked: Set<EventSequence>, waiting: [EventSequence: WaitingEvent]) {
        var closed = blocked
        for delivery in deliveries {
            if let first = waiting[delivery.sequence], first.event == delivery.id, !closed.contains(delivery.sequence) {
                reasons[delivery.sequence] = .overtaken(first.gate)
                closed.insert(delivery.sequence)
            }
            if closed.contains(delivery.sequence) {
                toPark.append(delivery)
            } else {
                members[delivery.route, default: []].append(delivery)
            }
        }
    }

    /// The handlers that have something to do, in the order of their registration.
    var routes: [Int] { members.keys.sorted() }

    /// What the handler gets.
    func ready(for route: Int) -> [Delivery] { members[route] ?? [] }

    /// Makes sure that the handler did no event whose predecessor it found waiting.
    ///
    /// - Throws: `Overtaken` when it did: the transaction has to start again without those events.
    func check(_ waiting: [WaitingEvent], route: Int) throws {
        guard !waiting.isEmpty else { return }
        let gates = Dictionary(waiting.map { ($0.event, $0) }) { first, _ in first }
        var first: [EventSequence: WaitingEvent] = [:]
        var overtaken: Set<EventSequence> = []
        for delivery in ready(for: route) {
            if let event = gates[delivery.id] {
                if first[delivery.sequence] == nil { first[delivery.sequence] = event }
            } else if first[delivery.sequence] != nil {
                overtaken.insert(delivery.sequence)
            }
        }
        if !overtaken.isEmpty { throw Overtaken(waiting: first.filter { overtaken.contains($0.key) }) }
    }

    /// Parks what the handler found waiting while the locks of the gates were held.
    ///
    /// - Throws: `Overtaken`, as `check` does.
    mutating func note(_ waiting: [WaitingEvent], route: Int) throws {
        try check(waiting, route: route)
        let gates = Dictionary(waiting.map { ($0.event, $0.gate) }) { first, _ in first }
        for delivery in ready(for: route) {
            guard let gate = gates[delivery.id] else { continue }
            if reasons[delivery.sequence] == nil { reasons[delivery.sequence] = .waiting(gate) }
            toPark.append(delivery)
        }
    }
}

/// Events were handled whose predecessors have to wait: the first of them in each such sequence.
struct Overtaken: Error {
    let waiting: [EventSequence: WaitingEvent]
}
