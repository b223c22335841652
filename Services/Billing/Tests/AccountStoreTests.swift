import EventContracts
import Messaging
import Postgres
import ServiceTesting
import Testing

@testable import BillingService

@Suite(.enabled(if: TestDatabase.isAvailable))
struct AccountStoreTests {
    @Test func `Facts and projection are written together, and the projection says what the facts do`() async throws {
        try await BillingFixture.with { billing in
            let user = try await billing.customer(1000)
            try await billing.withdraw(250, from: user)
            try await billing.charge([BillingFixture.placed(user, 700), BillingFixture.placed(user, 51)])
            let account = try #require(try await billing.account(user))
            #expect(account.balance == Money(amount: 50, currency: .usd))
            #expect(account.version == 5)
            let entries = try await billing.entries(user)
            #expect(entries.map(\.kind) == ["payment_declined", "payment", "withdrawal", "deposit", "opened"])
            #expect(entries.map(\.balanceAfter.amount) == [50, 50, 750, 1000, 0])
            #expect(entries.map(\.version) == [5, 4, 3, 2, 1])
            #expect(
                try await billing.published() == [
                    "billing.AccountOpened", "billing.MoneyDeposited", "billing.MoneyWithdrawn", "billing.PaymentCompleted",
                    "billing.PaymentDeclined",
                ]
            )
        }
    }

    @Test func `A refused command leaves nothing behind`() async throws {
        try await BillingFixture.with { billing in
            let user = try await billing.customer(100)
            await #expect(throws: AccountRefusal.self) { try await billing.withdraw(101, from: user) }
            await #expect(throws: AccountNotFound.self) { try await billing.deposit(1, on: UserID()) }
            #expect(try await billing.account(user)?.version == 2)
            #expect(try await billing.published().count == 2)
        }
    }

    @Test func `A dropped projection is rebuilt from the facts by the next command`() async throws {
        try await BillingFixture.with { billing in
            let user = try await billing.customer(1000)
            try await billing.charge([BillingFixture.placed(user, 300)])
            let before = try #require(try await billing.account(user))
            _ = try await billing.database.pool.query("DELETE FROM accounts")
            #expect(try await billing.account(user) == nil)
            try await billing.deposit(5, on: user)
            let after = try #require(try await billing.account(user))
            #expect(after.balance == Money(amount: 705, currency: .usd))
            #expect(after.version == before.version + 1)
            #expect(after.openedAt == before.openedAt)
        }
    }

    @Test func `No deposit is lost among fifty at once`() async throws {
        try await BillingFixture.with(maximumConnections: 8) { billing in
            let user = try await billing.customer(0)
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { try await billing.deposit(3, on: user) } }
                try await group.waitForAll()
            }
            #expect(try await billing.account(user)?.balance.amount == 150)
            #expect(try await billing.entries(user).map(\.version) == (1...51).reversed().map(Int64.init))
        }
    }

    /// The projection goes away again and again while commands run; each of them rebuilds it.
    @Test func `No deposit is lost while the projection is dropped`() async throws {
        try await BillingFixture.with(maximumConnections: 8) { billing in
            let users = [try await billing.customer(0), try await billing.customer(0)]
            let done = await withTaskGroup(of: (user: Int, isDone: Bool).self) { group in
                for number in 0..<50 {
                    group.addTask { (number % 2, (try? await billing.deposit(3, on: users[number % 2])) != nil) }
                }
                group.addTask {
                    for _ in 0..<20 { _ = try? await billing.database.pool.query("DELETE FROM accounts") }
                    return (0, false)
                }
                return await group.reduce(into: [0, 0]) { $0[$1.user] += $1.isDone ? 1 : 0 }
            }
            for (user, count) in zip(users, done) {
                try await billing.deposit(1, on: user)
                #expect(try await billing.account(user)?.balance.amount == Int64(3 * count + 1))
            }
            #expect(done == [25, 25])
        }
    }

    @Test func `Withdrawals that race never take more than there is`() async throws {
        try await BillingFixture.with(maximumConnections: 8) { billing in
            let user = try await billing.customer(100)
            let taken = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 { group.addTask { (try? await billing.withdraw(30, from: user)) != nil } }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(taken == 3)
            #expect(try await billing.account(user)?.balance.amount == 10)
        }
    }

    @Test func `A statement is read in pages without gaps or repeats`() async throws {
        try await BillingFixture.with { billing in
            let user = try await billing.customer(1)
            for amount in 2...6 { try await billing.deposit(Int64(amount), on: user) }
            var before = Int64.max
            var amounts: [Int64] = []
            while true {
                let page = try billing.accounts.decodeEntries(
                    try await billing.database.pool.query(billing.accounts.entries(of: user, before: before, limit: 3))
                )
                guard let last = page.last else { break }
                amounts += page.map(\.amount.amount)
                before = last.version
            }
            #expect(amounts == [6, 5, 4, 3, 2, 1, 0])
        }
    }
}
