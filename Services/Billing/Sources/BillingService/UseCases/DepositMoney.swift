package import EventContracts
package import Messaging
package import Postgres

/// Puts money on an account and tells the other services, or does neither.
package struct DepositMoney: Sendable {
    let accounts: AccountStore
    let outbox: Outbox

    /// - Throws: ``AccountNotFound``, ``AccountRefusal``.
    package func callAsFunction(
        _ amount: Int64,
        _ currency: Currency?,
        on user: UserID,
        causedBy cause: Cause,
        in transaction: borrowing Transaction
    ) async throws -> Entry {
        var ledger = try await accounts.lock(CollectionOfOne(user), in: transaction)
        guard let account = ledger[user] else { throw AccountNotFound() }
        let money = Money(amount: amount, currency: currency ?? account.balance.currency)
        let entry = Entry(ledger.record(try account.deposit(money), on: user, at: .now))
        accounts.save(ledger, in: transaction)
        outbox.append(
            MoneyDeposited(userID: user, entryID: entry.id, amount: money, balanceAfter: entry.balanceAfter),
            causedBy: cause,
            in: transaction
        )
        return entry
    }
}

/// The user has no account, or not yet.
package struct AccountNotFound: Error {}
