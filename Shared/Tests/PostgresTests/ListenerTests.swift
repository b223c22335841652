import Logging
import Postgres
import ServiceTesting
import Testing

@testable import class Postgres.PostgresListener

/// What is notified is heard, and what may have been missed is told.
@Suite struct ListenerTests {
    private func withListener(
        _ channels: [String],
        bufferLimit: Int = 256,
        _ body: (TestDatabase, PostgresListener) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            let listener = PostgresListener(
                configuration: database.configuration,
                channels: channels,
                bufferLimit: bufferLimit,
                logger: database.logger
            )
            let running = Task { try await listener.run() }
            try await body(database, listener)
            running.cancel()
            try await running.value
        }
    }

    @Test("Notifications of the channels asked for arrive, after word that listening has begun")
    func notifications() async throws {
        try await withListener(["orders", "With \"Quotes\""]) { database, listener async throws in
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            _ = try await database.pool.query("SELECT pg_notify('orders', 'é1'), pg_notify('others', 'x')")
            #expect(await events.next()?.tells(channel: "orders", payload: "é1") == true)
            _ = try await database.pool.query("SELECT pg_notify('With \"Quotes\"', '')")
            #expect(await events.next()?.tells(channel: "With \"Quotes\"", payload: "") == true)
        }
    }

    @Test("A notification is heard when its transaction is committed, and not when it is rolled back")
    func transactions() async throws {
        struct Refusal: Error {}
        try await withListener(["orders"]) { database, listener async throws in
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            await #expect(throws: Refusal.self) {
                try await database.pool.withTransaction { transaction in
                    _ = try await transaction.query("SELECT pg_notify('orders', 'no')")
                    throw Refusal()
                }
            }
            try await database.pool.withTransaction { $0.enqueue("SELECT pg_notify('orders', 'yes')") }
            #expect(await events.next()?.tells(channel: "orders", payload: "yes") == true)
        }
    }

    @Test("After its connection broke it listens again, and says so")
    func reconnects() async throws {
        try await withListener(["orders"]) { database, listener async throws in
            var events = listener.events.makeAsyncIterator()
            for round in 0..<3 {
                #expect(await events.next() == .reconnected)
                _ = try await database.pool.query("SELECT pg_notify('orders', \("\(round)"))")
                #expect(await events.next()?.tells(channel: "orders", payload: "\(round)") == true)
                _ = try await database.pool.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'
                    """
                )
            }
        }
    }

    @Test("A notification is known to be the pool's own as long as its connection is open")
    func ownNotifications() async throws {
        try await withListener(["orders"]) { database, listener async throws in
            let other = PostgresPool(configuration: database.configuration, logger: database.logger)
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            _ = try await database.pool.query("SELECT pg_notify('orders', 'mine')")
            guard case .notification(let mine) = await events.next() else { throw WrongEvent() }
            #expect(database.pool.isOwn(mine))
            #expect(!other.isOwn(mine))
            _ = try await other.query("SELECT pg_notify('orders', 'the other one')")
            guard case .notification(let others) = await events.next() else { throw WrongEvent() }
            #expect(!database.pool.isOwn(others))
            #expect(other.isOwn(others))
            await other.close()
            #expect(!other.isOwn(others))
        }
    }

    @Test("A reader that is too slow is told to look for itself")
    func overflow() async throws {
        try await withListener(["orders"], bufferLimit: 4) { database, listener async throws in
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            _ = try await database.pool.query("SELECT pg_notify('orders', n::text) FROM generate_series(1, 100) AS n")
            var seen: [PostgresListener.Event] = []
            while seen.last != .reconnected, let event = await events.next() { seen.append(event) }
            #expect(seen.last == .reconnected)
            #expect(seen.count <= 100)
        }
    }

    @Test("The events end when the listener is stopped")
    func stop() async throws {
        try await TestDatabase.with { database async throws in
            let listener = PostgresListener(configuration: database.configuration, channels: ["a"], logger: database.logger)
            let running = Task { try await listener.run() }
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            running.cancel()
            try await running.value
            #expect(await events.next() == nil)
        }
    }

    @Test("The pause before connecting again grows, is never the same for all, and never exceeds five seconds")
    func backoff() {
        for failures in [-1, 0, 1, 5, 6, 1_000_000] {
            let pause = PostgresListener.backoff(failures)
            #expect(pause >= .milliseconds(50))
            #expect(pause <= .seconds(5))
        }
        #expect(PostgresListener.backoff(0) <= .milliseconds(100))
        #expect(PostgresListener.backoff(20) >= .seconds(2.5))
    }
}

private struct WrongEvent: Error {}

extension PostgresListener.Event {
    fileprivate func tells(channel: String, payload: String) -> Bool {
        guard case .notification(let notification) = self else { return false }
        return notification.channel == channel && notification.payload == payload
    }
}
