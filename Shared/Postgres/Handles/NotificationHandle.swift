import CLibPQ

extension ConnectionHandle {
    /// Waits until at least one notification has come.
    ///
    /// - Throws: `.connectionLost`; `.cancelled`.
    func notifications(_ cancellation: Cancellation) throws(PostgresError) -> [PostgresNotification] {
        while true {
            guard !cancellation.isRequested else { throw PostgresError(.cancelled, "The task was cancelled.") }
            var notifications: [PostgresNotification] = []
            while let notification = unsafe PQnotifies(connection) {
                unsafe notifications.append(
                    PostgresNotification(
                        channel: String(cString: notification.pointee.relname),
                        payload: String(cString: notification.pointee.extra),
                        sender: notification.pointee.be_pid
                    )
                )
                unsafe PQfreemem(notification)
            }
            if !notifications.isEmpty { return notifications }
            switch wait(for: socket, reading: true, writing: false, or: wakeUp, until: nil) {
            case .woken: wakeUp.drain()
            case .timedOut: continue
            case .socket: if unsafe PQconsumeInput(connection) == 0 { throw lost() }
            }
        }
    }
}
