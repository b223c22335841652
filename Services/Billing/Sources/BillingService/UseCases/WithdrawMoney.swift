package import EventContracts
package import Messaging
package import Postgres

/// Takes money from an account and tells the other services, or does neither. The exact balance may be taken.
package struct WithdrawMoney: Sendable {
    let accounts: AccountStore
    let outbox: Outbox

    /// - Throws: ``AccountNotFound``, ``AccountRefusal``.
    package func callAsFunction(
        _ amount: Int64,
        _ currency: Currency?,
        from user: UserID,
        causedBy cause: Cause,
        in transaction: borrowing Transaction
    ) async throws -> Entry {
        var ledger = try await accounts.lock(CollectionOfOne(user), in: transaction)
        guard let account = ledger[user] else { throw AccountNotFound() }
        let money = Money(amount: amount, currency: currency ?? account.balance.currency)
        let entry = Entry(ledger.record(try account.withdraw(money), on: user, at: .now))
        accounts.save(ledger, in: transaction)
        outbox.append(
            MoneyWithdrawn(userID: user, entryID: entry.id, amount: money, balanceAfter: entry.balanceAfter),
            causedBy: cause,
            in: transaction
        )
        return entry
    }
}
