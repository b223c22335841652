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
                reasons[delivery.sequence] = .waiting(first.gate)
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

    /// Parks what the handler found waiting.
    ///
    /// - Throws: `Overtaken` when a later event of such a sequence was handled already: the transaction has to start again without it.
    mutating func note(_ waiting: [WaitingEvent], route: Int) throws {
        guard !waiting.isEmpty else { return }
        let gates = Dictionary(waiting.map { ($0.event, $0) }) { first, _ in first }
        var first: [EventSequence: WaitingEvent] = [:]
        var overtaken = false
        for delivery in ready(for: route) {
            if let event = gates[delivery.id] {
                if first[delivery.sequence] == nil {
                    first[delivery.sequence] = event
                    reasons[delivery.sequence] = .waiting(event.gate)
                }
                toPark.append(delivery)
            } else if first[delivery.sequence] != nil {
                overtaken = true
            }
        }
        if overtaken { throw Overtaken(waiting: first) }
    }
}

/// Events were handled whose predecessors have to wait.
struct Overtaken: Error {
    let waiting: [EventSequence: WaitingEvent]
}
