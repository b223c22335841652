import EventContracts
import EventSourcing
import JSON
import Testing

@testable import BillingService

struct AccountTests {
    private let user = UserID()

    private func ledger(_ deposits: Int64..., currency: Currency = .usd) throws -> Ledger {
        var ledger = Ledger([])
        _ = ledger.open(for: user, in: currency, at: .now)
        for deposit in deposits {
            let account = try #require(ledger[user])
            ledger.record(try account.deposit(Money(amount: deposit, currency: currency)), on: user, at: .now)
        }
        return ledger
    }

    private func usd(_ amount: Int64) -> Money { Money(amount: amount, currency: .usd) }

    @Test func `A balance can be spent to exactly zero and no further`() throws {
        var ledger = try ledger(1000)
        ledger.record(try #require(ledger[user]).charge(usd(1000), for: OrderID()), on: user, at: .now)
        #expect(ledger[user]?.balance == usd(0))
        let declined = try #require(ledger[user]).charge(usd(1), for: OrderID())
        guard case .paymentDeclined(_, _, let balance, let reason) = declined else { Issue.record("charged \(declined)"); return }
        #expect(balance == usd(0))
        #expect(reason == .insufficientFunds)
        #expect(throws: AccountRefusal.insufficientFunds(balance: usd(0))) { try #require(ledger[user]).withdraw(usd(1)) }
    }

    @Test func `The second order of a batch sees what the first one left`() throws {
        var ledger = try ledger(1000)
        for _ in 0..<3 { ledger.record(try #require(ledger[user]).charge(usd(400), for: OrderID()), on: user, at: .now) }
        #expect(ledger[user]?.balance == usd(200))
        #expect(ledger.facts.map(\.fact.kind) == ["opened", "deposit", "payment", "payment", "payment_declined"])
        #expect(ledger.facts.map(\.version) == [1, 2, 3, 4, 5])
    }

    @Test func `A foreign currency is declined`() throws {
        let declined = try #require(ledger(1000)[user]).charge(Money(amount: 1, currency: Currency(rawValue: "EUR")!), for: OrderID())
        guard case .paymentDeclined(_, _, _, .currencyMismatch) = declined else { Issue.record("charged \(declined)"); return }
    }

    @Test func `A balance that no number holds is refused`() throws {
        let account = try #require(ledger(Int64.max)[user])
        #expect(throws: AccountRefusal.balanceTooLarge) { try account.deposit(usd(1)) }
    }

    @Test func `Replaying the facts gives the state that the commands left`() throws {
        var ledger = try ledger(700, 300)
        ledger.record(try #require(ledger[user]).withdraw(usd(250)), on: user, at: .now)
        ledger.record(try #require(ledger[user]).charge(usd(600), for: OrderID()), on: user, at: .now)
        ledger.record(try #require(ledger[user]).charge(usd(600), for: OrderID()), on: user, at: .now)
        #expect(Account(replaying: ledger.facts) == ledger[user])
    }

    @Test func `Every kind of fact is read as it was written`() throws {
        let facts: [AccountFact] = [
            .opened(.usd), .deposited(usd(5), balanceAfter: usd(5)), .withdrawn(usd(2), balanceAfter: usd(3)),
            .paid(PaymentID(), order: OrderID(), usd(1), balanceAfter: usd(2)),
            .paymentDeclined(order: OrderID(), usd(9), balanceAfter: usd(2), .insufficientFunds),
            .refunded(PaymentID(), order: OrderID(), usd(1), balanceAfter: usd(3)),
        ]
        for fact in facts {
            let json = try JSONValue(parsing: jsonBytes(fact))
            #expect(try AccountFact(kind: fact.kind, schemaVersion: 1, json: json) == fact)
        }
    }

    @Test func `An account is opened once`() throws {
        var ledger = try ledger()
        #expect(ledger.open(for: user, in: .usd, at: .now) == nil)
        #expect(ledger.facts.count == 1)
    }
}
