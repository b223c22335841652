import Synchronization

/// One round trip's wish to be stopped, from the task that was cancelled to the thread that waits for the server.
final class Cancellation: Sendable {
    private let requested = Atomic(false)
    private let sent = Atomic(false)
    private let wakeUp: WakeUpHandle

    init(wakeUp: WakeUpHandle) {
        self.wakeUp = wakeUp
    }

    /// The task was cancelled.
    func request() {
        requested.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// The server has been asked; from now on nothing can be stopped by mistake that comes later.
    func wasSent() {
        sent.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    var isRequested: Bool { requested.load(ordering: .acquiring) }
    var isSent: Bool { sent.load(ordering: .acquiring) }
}
