package import EventContracts
package import EventSourcing

/// Accounts that are locked for a transaction, and what is being decided about them.
///
/// Within a batch each decision sees the ones before it: the second order of an account is judged on what the first one left.
package struct Ledger: Sendable {
    private var accounts: [UserID: Account]
    /// What happened, in order.
    package private(set) var facts: [Recorded<AccountFact>] = []
    private var changedIDs: Set<UserID> = []

    package init(_ accounts: some Sequence<Account>) {
        self.accounts = Dictionary(accounts.map { ($0.userID, $0) }) { first, _ in first }
    }

    /// A locked account; `nil` when there is none.
    package subscript(user: UserID) -> Account? { accounts[user] }

    /// The accounts that facts changed, in the order of their ids.
    package var changed: [Account] { changedIDs.sorted().compactMap { accounts[$0] } }

    /// Opens an account.
    ///
    /// - Returns: The fact, or `nil` when the user has one.
    package mutating func open(for user: UserID, in currency: Currency, at time: Timestamp) -> Recorded<AccountFact>? {
        guard accounts[user] == nil else { return nil }
        let fact = Recorded(
            stream: user.uuid,
            version: 1,
            id: EntryID().uuid,
            occurredAt: time,
            fact: AccountFact.opened(currency),
            uniqueKey: nil
        )
        accounts[user] = Account(openedBy: fact)
        changedIDs.insert(user)
        facts.append(fact)
        return fact
    }

    /// Records what a command decided about an account, and applies it.
    ///
    /// - Parameter uniqueKey: See ``Recorded/uniqueKey``.
    /// - Precondition: The account is locked.
    @discardableResult
    package mutating func record(_ fact: AccountFact, on user: UserID, at time: Timestamp) -> Recorded<AccountFact> {
        guard var account = accounts[user] else { preconditionFailure("a fact about an account that is not locked") }
        let recorded = Recorded(
            stream: user.uuid,
            version: account.version + 1,
            id: EntryID().uuid,
            occurredAt: time,
            fact: fact,
            uniqueKey: fact.decides?.uuid
        )
        account.apply(recorded)
        accounts[user] = account
        changedIDs.insert(user)
        facts.append(recorded)
        return recorded
    }
}

extension AccountFact {
    /// The order whose payment this decides: at most one fact does.
    package var decides: OrderID? {
        switch self {
        case .paid(_, let order, _, _), .paymentDeclined(let order, _, _, _): order
        case .opened, .deposited, .withdrawn, .refunded: nil
        }
    }
}
