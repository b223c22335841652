import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Runs an assembled service until a signal, and ends it within a bound.
struct ServiceRunner {
    let services: [any Service]
    let shutdownTimeout: Duration
    let logger: Logger
    var signals: [UnixSignal] = [.sigterm, .sigint]

    /// Returns when everything has ended.
    ///
    /// When a part fails, or ends without being told, the others are shut down in order. What has not ended `shutdownTimeout` after the signal is cancelled, and if it does
    /// not heed that within a second, `giveUp` is called, which must end the process.
    ///
    /// - Throws: The first failure of a part, or ``ShutdownTimeout``.
    func run(giveUp: @escaping @Sendable () -> Void) async throws {
        let watch = ShutdownWatch(limit: shutdownTimeout, logger: logger, giveUp: giveUp)
        var configuration = ServiceGroupConfiguration(
            services: (services.map { Part(service: $0) as any Service } + [watch]).map {
                .init(service: $0, successTerminationBehavior: .ignore, failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: signals,
            logger: quiet
        )
        configuration.maximumGracefulShutdownDuration = shutdownTimeout
        defer { watch.finish() }
        try await ServiceGroup(configuration: configuration).run()
        if watch.isOverdue { throw ShutdownTimeout() }
    }

    private var quiet: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return quiet
    }
}

/// The shutdown took longer than it may.
struct ShutdownTimeout: Error, CustomStringConvertible {
    var description: String { "The shutdown did not end in time; what was still running was cut off." }
}

/// A part of the service, which may not end before it is told to.
private struct Part: Service, CustomStringConvertible {
    let service: any Service

    var description: String { String(describing: service) }

    func run() async throws {
        try await service.run()
        if !Task.isShuttingDownGracefully, !Task.isCancelled { throw PartEnded(part: description) }
    }
}

/// A part of the service stopped working without an error.
struct PartEnded: Error, CustomStringConvertible {
    let part: String

    var description: String { "A part of the service ended by itself: \(part)." }
}

/// The last of the services, and so the first to hear of a shutdown: it starts the clock.
private final class ShutdownWatch: Service, CustomStringConvertible {
    private let limit: Duration
    private let logger: Logger
    private let giveUp: @Sendable () -> Void
    private let clock = ContinuousClock()
    private let state = Mutex<(deadline: ContinuousClock.Instant?, timer: Task<Void, Never>?)>((nil, nil))

    init(limit: Duration, logger: Logger, giveUp: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.logger = logger
        self.giveUp = giveUp
    }

    var description: String { "shutdown watch" }

    var isOverdue: Bool {
        let deadline = state.withLock { $0.deadline }
        return deadline.map { clock.now >= $0 } ?? false
    }

    func run() async throws {
        try? await gracefulShutdown()
        logger.info("The service shuts down")
        let deadline = clock.now + limit
        let timer = Task.detached { [clock, logger, giveUp] in
            // The second is for what heeds being cancelled.
            guard (try? await clock.sleep(until: deadline + .seconds(1))) != nil else { return }
            logger.error("The shutdown did not end in time")
            giveUp()
        }
        state.withLock { $0 = (deadline, timer) }
    }

    func finish() {
        state.withLock { $0.timer }?.cancel()
    }
}
