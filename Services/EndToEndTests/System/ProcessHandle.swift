import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A child process, from its start to its end; known by its pid and never looked for by name.
///
/// It does not outlive the tests: ``DeathWatch`` ends it when the test process is gone, however that happened.
final class ProcessHandle: Sendable {
    private struct State {
        var outcome: Outcome?
        var waiting: [CheckedContinuation<Outcome, Never>] = []
    }

    /// How a process ended.
    enum Outcome: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    let pid: Int32
    private let state: Arc<State>
    private let process: Process

    /// Starts a process whose output is appended to a file.
    ///
    /// - Parameter environment: All of it.
    init(_ command: [String], environment: [String: String], log: URL) throws {
        if !FileManager.default.fileExists(atPath: log.path) {
            try Data().write(to: log)
        }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let state = Arc(State())
        process.terminationHandler = { process in
            let outcome: Outcome =
                process.terminationReason == .exit ? .exited(process.terminationStatus) : .signalled(process.terminationStatus)
            DeathWatch.shared.forget(process.processIdentifier)
            let waiting = state.value.withLock { state in
                state.outcome = outcome
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume(returning: outcome) }
        }
        try withUnblockedSignals { try process.run() }
        try output.close()
        self.state = state
        self.process = process
        pid = process.processIdentifier
        DeathWatch.shared.watch(pid)
    }

    /// How it ended, or `nil` while it runs.
    var outcome: Outcome? { state.value.withLock { $0.outcome } }

    /// Whether it runs.
    var isRunning: Bool { outcome == nil }

    /// Sends a signal, if the process still runs.
    func signal(_ number: Int32) {
        if isRunning { kill(pid, number) }
    }

    /// Waits for its end.
    func ended() async -> Outcome {
        await withCheckedContinuation { continuation in
            let outcome = state.value.withLock { state in
                if state.outcome == nil { state.waiting.append(continuation) }
                return state.outcome
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    /// Asks it to end, kills it if it does not within the time, and waits for its end.
    @discardableResult
    func stop(within limit: Duration = .seconds(30)) async -> Outcome {
        signal(SIGTERM)
        let timer = Task {
            try await ContinuousClock().sleep(for: limit)
            signal(SIGKILL)
        }
        defer { timer.cancel() }
        return await ended()
    }
}

/// Lets a child be started without the caller's blocked signals, which it would inherit: threads of a pool block most of them, and a child
/// that cannot be told to end would have to be killed.
func withUnblockedSignals(_ start: () throws -> Void) rethrows {
    var none = sigset_t()
    var before = sigset_t()
    _ = unsafe sigemptyset(&none)
    _ = unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    try start()
}

/// A mutex that several may hold on to.
private final class Arc<Value>: Sendable where Value: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }
}
