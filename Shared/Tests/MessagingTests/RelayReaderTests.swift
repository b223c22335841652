import EventContracts
import Postgres
import ServiceTesting
import Testing

@testable import Messaging

/// The gaps of the outbox, made with real transactions.
@Suite(.enabled(if: TestDatabase.isAvailable))
struct RelayReaderTests {
    private let outbox = Outbox(relayWakeUp: Signal())
    private let lease = RelayLease(owner: "reader", duration: .seconds(30))

    private func withReader(_ body: (TestDatabase, inout RelayReader, Int64) async throws -> Void) async throws {
        try await MessagingFixture.with { database in
            let term = try #require(try await lease.acquire(from: database.pool))
            var reader = RelayReader(lease: lease, term: term, maximumEvents: 100)
            try await body(database, &reader, term.epoch)
        }
    }

    /// Appends an event so that its id is drawn now, not with the commit.
    private func draw(in transaction: borrowing Transaction) async throws {
        outbox.append([MessagingFixture.event()], in: transaction)
        _ = try await transaction.query("SELECT 1")
    }

    private func commitOne(_ database: TestDatabase) async throws {
        try await database.pool.withTransaction { outbox.append([MessagingFixture.event()], in: $0) }
    }

    @Test func `An event that commits after its successor is published when it commits, and the position waits for it`() async throws {
        try await withReader { database, reader, epoch in
            try await database.pool.withTransaction { late in
                try await draw(in: late)
                try await commitOne(database)
                #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [2])
                for _ in 0..<3 { #expect(try await reader.next(epoch: epoch, from: database.pool).ids == []) }
                #expect(reader.known.position == 0)
                #expect(reader.known.missingIDs == [1])
            }
            #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [1])
            #expect(reader.known.position == 2)
        }
    }

    @Test func `The position is written at once, and then not before its delay is over`() async throws {
        try await MessagingFixture.with { database in
            let term = try #require(try await lease.acquire(from: database.pool))
            var reader = RelayReader(lease: lease, term: term, maximumEvents: 100, positionDelay: .seconds(600))
            for id in Int64(1)...3 {
                try await commitOne(database)
                #expect(try await reader.next(epoch: term.epoch, from: database.pool).ids == [id])
                #expect(try await database.relayPosition() == min(id - 1, 1))
                if id == 1 {
                    #expect(reader.positionIsDueIn == .zero)
                    #expect(try await reader.next(epoch: term.epoch, from: database.pool).ids == [])
                    #expect(try await database.relayPosition() == 1)
                    #expect(reader.positionIsDueIn == nil)
                } else {
                    #expect(try #require(reader.positionIsDueIn) > .seconds(500))
                }
            }
        }
    }

    @Test func `Several late events come in the order of their ids, before new ones`() async throws {
        try await withReader { database, reader, epoch in
            try await database.pool.withTransaction { first in
                try await draw(in: first)
                try await database.pool.withTransaction { second in
                    try await draw(in: second)
                    try await commitOne(database)
                    #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [3])
                }
            }
            try await commitOne(database)
            #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [1, 2, 4])
            #expect(reader.known.position == 4)
        }
    }

    @Test func `A gap that was rolled back is forgotten, and the position moves on`() async throws {
        try await withReader { database, reader, epoch in
            await #expect(throws: Broken.self) {
                try await database.pool.withTransaction { transaction in
                    try await draw(in: transaction)
                    throw Broken()
                }
            }
            try await commitOne(database)
            #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [2])
            #expect(reader.known.position == 0)
            try await eventually("the gap is forgotten") {
                _ = try await reader.next(epoch: epoch, from: database.pool)
                return reader.known.position == 2
            }
            // Written with the next read.
            _ = try await reader.next(epoch: epoch, from: database.pool)
            #expect(try await database.pool.query("SELECT position FROM messaging.relay").decode(Int64.self) == [2])
        }
    }

    /// J gets its transaction id first, then an onlooker, then T, which draws id 1 and stays open; J draws id 2 and commits. Now the highest
    /// finished transaction is J, so the snapshot's `xmax` is not above T's id, and its `xmin` has reached that `xmax`: a bound taken from
    /// `xmax` would forget id 1 while T is open. Transactions of other tests come between, so the attempts go on until that was the case.
    @Test func `A writer whose transaction id lies beyond the snapshot is not forgotten`() async throws {
        try await withReader { database, reader, epoch in
            var cases = 0
            for _ in 0..<300 where cases < 5 {
                // Writes what is to be written, so that the reads below need no transaction id of their own.
                _ = try await reader.next(epoch: epoch, from: database.pool)
                let seen = reader.known.highestSeen
                try await database.pool.withTransaction { onlooker in
                    try await database.pool.withTransaction { writer in
                        try await database.pool.withTransaction { successor in
                            _ = try await successor.query("SELECT pg_current_xact_id()")
                            _ = try await onlooker.query("SELECT pg_current_xact_id()")
                            try await draw(in: writer)
                            outbox.append([MessagingFixture.event()], in: successor)
                        }
                        let own = try await writer.query("SELECT pg_current_xact_id()::text::bigint").decode(Int64.self)[0]
                        #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [seen + 2])
                        if try await isCase(own, database) { cases += 1 }
                        for _ in 0..<3 { #expect(try await reader.next(epoch: epoch, from: database.pool).ids == []) }
                        #expect(reader.known.missingIDs == [seen + 1])
                    }
                }
                #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [seen + 1])
                #expect(reader.known.missing.isEmpty)
            }
        }
    }

    /// Whether a bound that is the snapshot's `xmax` would be reached now, while the transaction `writer` is open.
    private func isCase(_ writer: Int64, _ database: TestDatabase) async throws -> Bool {
        let (xmin, xmax) = try await database.pool.query(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"
        ).decode(Int64.self, Int64.self)[0]
        return xmax <= writer && xmin >= xmax
    }

    @Test func `A stale leader reads nothing and changes nothing`() async throws {
        try await withReader { database, reader, epoch in
            try await commitOne(database)
            #expect(try await reader.next(epoch: epoch, from: database.pool).ids == [1])
            let successor = RelayLease(owner: "successor", duration: .seconds(30))
            _ = try await database.pool.query("UPDATE messaging.relay SET lease_expires_at = clock_timestamp() - interval '1 second'")
            let term = try #require(try await successor.acquire(from: database.pool))
            #expect(term == RelayLease.Term(epoch: epoch + 1, position: 0))
            await #expect(throws: LeadershipLost.self) { try await reader.next(epoch: epoch, from: database.pool) }
            try await lease.release(epoch: epoch, position: 1, in: database.pool)
            let row = try await database.pool.query("SELECT owner, epoch, position FROM messaging.relay")
                .decode(String.self, Int64.self, Int64.self)[0]
            #expect(row == ("successor", epoch + 1, 0))
        }
    }
}
