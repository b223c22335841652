import ServiceLifecycle

/// Closes something that needs no loop of its own, a pool or a producer, when its turn in the shutdown has come.
package struct CloseAtShutdown: Service, CustomStringConvertible {
    /// What is closed, for the log.
    package let description: String
    private let close: @Sendable () async -> Void

    package init(_ description: String, close: @escaping @Sendable () async -> Void) {
        self.description = description
        self.close = close
    }

    package func run() async throws {
        // Cancelled or shut down: either way the thing is closed.
        try? await gracefulShutdown()
        await close()
    }
}
