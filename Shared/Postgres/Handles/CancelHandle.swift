import BlockingExecution
import CLibPQ

/// The key with which another thread can ask the server to stop what a connection does.
///
/// Safe to share: libpq documents `PQcancel` as safe from any thread, and the object never changes.
@safe final class CancelHandle: @unchecked Sendable {
    private let cancel: OpaquePointer

    /// Takes over a `PGcancel`.
    @unsafe init(owning cancel: OpaquePointer) {
        unsafe self.cancel = cancel
    }

    deinit {
        unsafe PQfreeCancel(cancel)
    }

    /// Asks the server to stop the statement under way. Blocks until the server has taken note, or cannot be reached.
    func send() {
        var reason = [CChar](repeating: 0, count: 256)
        _ = unsafe PQcancel(cancel, &reason, Int32(reason.count))
    }
}

/// Sends requests to cancel, one at a time, on a thread of its own: a server that is stopped would hold up whoever asks.
actor CancelSender {
    static let shared = CancelSender()

    private let executor = BlockingExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    func send(_ handle: CancelHandle, for cancellation: Cancellation) {
        handle.send()
        cancellation.wasSent()
    }
}
