import Messaging
import Postgres
import ServiceTesting
import Synchronization
import Testing

@Suite(.enabled(if: TestDatabase.isAvailable), .timeLimit(.minutes(1)))
struct NotificationsTests {
    @Test func `A service is told to look at the start, then what others have sent, and not what it has sent itself`() async throws {
        try await TestDatabase.with { database in
            let own = PostgresPool(configuration: database.configuration, logger: database.logger)
            let heard = Mutex<[String?]>([])
            let news = Signal()
            let notifications = Notifications(
                postgres: own,
                receivers: [
                    "orders": { payload in
                        heard.withLock { $0.append(payload) }
                        news.notify()
                    }
                ],
                logger: database.logger
            )
            let running = Task { try await notifications.run() }
            await news.wait()
            #expect(heard.withLock { $0 } == [nil])
            for number in 0..<10 {
                let pool = number.isMultiple(of: 2) ? own : database.pool
                _ = try await pool.query("SELECT pg_notify('orders', \("\(number)"))")
            }
            try await eventually { heard.withLock { $0.last == "9" } }
            #expect(heard.withLock { $0 } == [nil, "1", "3", "5", "7", "9"])
            running.cancel()
            try await running.value
            await own.close()
        }
    }
}
