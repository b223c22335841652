import Synchronization

/// Wakes one waiting task, now or, if it is busy, the next time it waits.
///
/// Any number of `notify()` calls before a wait count as one: the woken task looks at everything that is there. It replaces polling: the
/// commit, the notification or the due time itself ends the wait.
package final class Signal: Sendable {
    private struct State {
        var isPending = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// Ends the current wait, or makes the next one return at once.
    package func notify() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            if state.waiter == nil { state.isPending = true }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when `notify()` was called, when `timeout` is over or when the task is cancelled; very rarely for no reason.
    ///
    /// - Precondition: One task waits at a time.
    package func wait(for timeout: Duration) async {
        if state.withLock({ takePending(&$0) }) || timeout <= .zero { return }
        // A timer that fires just when the wait has ended otherwise wakes the next wait for nothing.
        let timer = TimerQueue.shared.set(.now + timeout) { [weak self] in self?.notify() }
        await wait()
        TimerQueue.shared.cancel(timer)
    }

    /// Returns when `notify()` was called or the task is cancelled.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumesNow = state.withLock { state -> Bool in
                    if takePending(&state) || Task.isCancelled { return true }
                    precondition(state.waiter == nil, "two tasks wait for one signal")
                    state.waiter = continuation
                    return false
                }
                if resumesNow { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state -> CheckedContinuation<Void, Never>? in
                defer { state.waiter = nil }
                return state.waiter
            }?.resume()
        }
    }

    private func takePending(_ state: inout State) -> Bool {
        defer { state.isPending = false }
        return state.isPending
    }
}
