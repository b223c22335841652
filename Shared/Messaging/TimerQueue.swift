import HeapModule
import Synchronization

/// Calls back when instants have come, with one sleeping task for all of them.
///
/// A cancelled `Task.sleep` returns at once, but its timer stays in the system until it is due. Waits that mostly end early would leave one
/// behind each, and a service that was busy would go on waking for nothing as long as its timeouts are. Here a cancelled timer costs its place
/// in a heap, and wakes nobody.
package final class TimerQueue: Sendable {
    /// The process's own.
    package static let shared = TimerQueue()

    /// A timer that was set.
    package struct ID: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    private struct Entry: Comparable {
        let due: ContinuousClock.Instant
        let id: ID

        static func < (left: Entry, right: Entry) -> Bool { left.due < right.due }
    }

    private struct State {
        var actions: [ID: @Sendable () -> Void] = [:]
        /// Cancelled timers stay in it until they come to its top or outnumber the others.
        var heap = Heap<Entry>()
        var lastNumber: UInt64 = 0
        /// The task that sleeps until the earliest timer, by the instant; a task with another instant is superseded.
        var sleepsUntil: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    package init() {}

    /// How many timers are set.
    package var count: Int { state.withLock { $0.actions.count } }

    /// Sets a timer.
    ///
    /// - Parameter action: Called once, soon after `due`, on a thread of the cooperative pool: it must not block. Not called after `cancel`.
    package func set(_ due: ContinuousClock.Instant, action: @escaping @Sendable () -> Void) -> ID {
        let (id, isEarliest) = state.withLock { state in
            state.lastNumber += 1
            let id = ID(number: state.lastNumber)
            state.actions[id] = action
            state.heap.insert(Entry(due: due, id: id))
            let isEarliest = state.sleepsUntil.map { due < $0 } ?? true
            if isEarliest { state.sleepsUntil = due }
            return (id, isEarliest)
        }
        if isEarliest { sleep(until: due) }
        return id
    }

    /// Forgets a timer; one that has fired or was cancelled before is not there any more, which is all right.
    package func cancel(_ id: ID) {
        state.withLock { state in
            state.actions[id] = nil
            guard state.heap.count > 2 * state.actions.count + 64 else { return }
            state.heap = Heap(state.heap.unordered.filter { state.actions[$0.id] != nil })
        }
    }

    /// Not structured: the task serves whoever sets timers, and ends by itself when there is none.
    private func sleep(until first: ContinuousClock.Instant) {
        Task {
            var due = first
            while true {
                try? await Task.sleep(until: due, tolerance: .milliseconds(1), clock: .continuous)
                guard let next = fire(asOf: due) else { return }
                due = next
            }
        }
    }

    /// Calls what is due.
    ///
    /// - Returns: Until when the calling task has to sleep again; `nil` if another task does, or none is needed.
    private func fire(asOf slept: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (actions, next) = state.withLock { state -> ([@Sendable () -> Void], ContinuousClock.Instant?) in
            guard state.sleepsUntil == slept else { return ([], nil) }
            let now = ContinuousClock.now
            var due: [@Sendable () -> Void] = []
            while let first = state.heap.min {
                if let action = state.actions[first.id] {
                    guard first.due <= now else { break }
                    due.append(action)
                    state.actions[first.id] = nil
                }
                state.heap.removeMin()
            }
            state.sleepsUntil = state.heap.min?.due
            return (due, state.sleepsUntil)
        }
        for action in actions { action() }
        return next
    }
}
