import Synchronization

/// Runs a service's health checks, all at once, each within a bound.
///
/// A check that does not return in time is reported as failed and is not started again until it has returned: at most one of each runs,
/// however often `/readyz` is asked.
package final class Readiness: Sendable {
    private let checks: [HealthCheck]
    private let limit: Duration
    private let running: Mutex<Set<String>>
    private let shuttingDown = Mutex(false)

    /// - Parameter limit: How long one check may take.
    package init(checks: [HealthCheck], limit: Duration = .seconds(1)) {
        self.checks = checks
        self.limit = limit
        running = Mutex([])
    }

    /// From now on the service is not ready.
    package func beginShutdown() {
        shuttingDown.withLock { $0 = true }
    }

    /// The outcome of all checks, in their order.
    func report() async -> ReadinessReport {
        if shuttingDown.withLock({ $0 }) {
            return ReadinessReport(entries: [.init(name: "shutdown", result: .failed("the service is shutting down"))])
        }
        let tasks = checks.map { check in Task { await self.outcome(of: check) } }
        var entries: [ReadinessReport.Entry] = []
        for (check, task) in zip(checks, tasks) {
            entries.append(.init(name: check.name, result: await task.value))
        }
        return ReadinessReport(entries: entries)
    }

    private func outcome(of check: HealthCheck) async -> HealthResult {
        guard running.withLock({ $0.insert(check.name).inserted }) else { return .failed("the check has not returned yet") }
        let first = FirstResult()
        let attempt = Task {
            let result = await check.check()
            _ = self.running.withLock { $0.remove(check.name) }
            first.resolve(result)
        }
        let timer = Task {
            if (try? await Task.sleep(for: limit)) != nil { first.resolve(.failed("no answer within \(DurationText.text(of: limit))")) }
        }
        let result = await first.value()
        attempt.cancel()
        timer.cancel()
        return result
    }
}

/// The first of several results; the later ones are dropped.
private final class FirstResult: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<HealthResult, Never>)
        case resolved(HealthResult)
    }

    private let state = Mutex(State.empty)

    func resolve(_ result: HealthResult) {
        let waiter: CheckedContinuation<HealthResult, Never>? = state.withLock { state in
            switch state {
            case .empty:
                state = .resolved(result)
                return nil
            case .waiting(let waiter):
                state = .resolved(result)
                return waiter
            case .resolved:
                return nil
            }
        }
        waiter?.resume(returning: result)
    }

    /// Waits for the first result. Called once.
    func value() async -> HealthResult {
        await withCheckedContinuation { continuation in
            let result: HealthResult? = state.withLock { state in
                if case .resolved(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(returning: result) }
        }
    }
}
