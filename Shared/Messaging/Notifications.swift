package import Logging
package import Postgres
import ServiceLifecycle

/// Hands the database's notifications to whoever is interested, over one connection for the whole service.
///
/// A notification is a hint to look, never the only way to learn something: after a lost connection everybody is told to look.
///
/// What this process has sent itself is not handed out: it says so with ``Transaction/onCommit(_:)``, without the way through the server.
package struct Notifications: Service {
    /// Receives a notification's payload, or `nil` for "look, something may have been missed".
    package typealias Receiver = @Sendable (_ payload: String?) -> Void

    private let postgres: PostgresPool
    private let receivers: [String: Receiver]
    private let logger: Logger

    /// - Parameters:
    ///   - postgres: The pool over which this process notifies, and whose database is listened to.
    ///   - receivers: By channel.
    package init(postgres: PostgresPool, receivers: [String: Receiver], logger: Logger) {
        self.postgres = postgres
        self.receivers = receivers
        self.logger = logger
    }

    /// Listens until a graceful shutdown or cancellation.
    package func run() async throws {
        let listener = PostgresListener(configuration: postgres.configuration, channels: receivers.keys.sorted(), logger: logger)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    do { try await listener.run() } catch { logger.debug("no longer listening", metadata: ["error": "\(error)"]) }
                }
                for await event in listener.events {
                    switch event {
                    case .notification(let notification):
                        if !postgres.isOwn(notification) { receivers[notification.channel]?(notification.payload) }
                    case .reconnected: for receiver in receivers.values { receiver(nil) }
                    }
                }
                group.cancelAll()
            }
        }
    }
}
