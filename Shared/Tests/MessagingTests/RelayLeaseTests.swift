import Postgres
import ServiceTesting
import Testing

@testable import Messaging

@Suite(.enabled(if: TestDatabase.isAvailable))
struct RelayLeaseTests {
    private let first = RelayLease(owner: "first", duration: .seconds(30))
    private let second = RelayLease(owner: "second", duration: .seconds(30))

    @Test func `One of many leads, and each change of hands raises the epoch`() async throws {
        try await MessagingFixture.with { database in
            let terms = try await withThrowingTaskGroup(of: RelayLease.Term?.self) { group in
                for number in 0..<10 {
                    group.addTask {
                        try await RelayLease(owner: "contender \(number)", duration: .seconds(30)).acquire(from: database.pool)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(terms.compactMap { $0 } == [RelayLease.Term(epoch: 1, position: 0)])
        }
    }

    @Test func `A lease that was let go is free at once, with the position that was reached`() async throws {
        try await MessagingFixture.with { database in
            let term = try #require(try await first.acquire(from: database.pool))
            #expect(try await second.acquire(from: database.pool) == nil)
            try await first.release(epoch: term.epoch, position: 7, in: database.pool)
            #expect(try await second.acquire(from: database.pool) == RelayLease.Term(epoch: term.epoch + 1, position: 7))
        }
    }

    @Test func `A lease that was not renewed runs out`() async throws {
        try await MessagingFixture.with { database in
            let short = RelayLease(owner: "short", duration: .milliseconds(150))
            let term = try #require(try await short.acquire(from: database.pool))
            #expect(try await second.acquire(from: database.pool) == nil)
            let successor = try await eventually { try await second.acquire(from: database.pool) }
            #expect(successor.epoch == term.epoch + 1)
        }
    }

    @Test func `A renewal begins the lease anew`() async throws {
        try await MessagingFixture.with { database in
            let term = try #require(try await first.acquire(from: database.pool))
            _ = try await database.pool.query("UPDATE messaging.relay SET lease_expires_at = clock_timestamp() - interval '1 second'")
            #expect(try await database.pool.query(first.renewal(epoch: term.epoch, position: 0)).count == 1)
            #expect(try await second.acquire(from: database.pool) == nil)
        }
    }

    @Test func `A position never goes back`() async throws {
        try await MessagingFixture.with { database in
            let term = try #require(try await first.acquire(from: database.pool))
            _ = try await database.pool.query(first.renewal(epoch: term.epoch, position: 9))
            _ = try await database.pool.query(first.renewal(epoch: term.epoch, position: 4))
            #expect(try await database.pool.query("SELECT position FROM messaging.relay").decode(Int64.self) == [9])
        }
    }
}
