package import EventContracts
package import EventSourcing

/// A user's money, as the sum of what happened to it.
///
/// Commands (`deposit`, `withdraw`, `charge`) look at the state and return a fact; only ``apply(_:)`` changes it. The balance is never
/// negative and can be spent to exactly zero.
package struct Account: EventSourced, Equatable {
    package enum Status: String, Sendable {
        case open, closed
    }

    package let userID: UserID
    package private(set) var balance: Money
    package private(set) var status: Status
    /// The number of facts that made this state.
    package private(set) var version: Int64
    package private(set) var openedAt: Timestamp

    /// An account as it was stored.
    init(userID: UserID, balance: Money, status: Status, version: Int64, openedAt: Timestamp) {
        self.userID = userID
        self.balance = balance
        self.status = status
        self.version = version
        self.openedAt = openedAt
    }

    /// The account that a first fact opens; `nil` when the fact is not an opening.
    package init?(openedBy fact: Recorded<AccountFact>) {
        guard case .opened(let currency) = fact.fact, fact.version == 1 else { return nil }
        self.init(
            userID: UserID(uuid: fact.stream),
            balance: Money(amount: 0, currency: currency),
            status: .open,
            version: 1,
            openedAt: fact.occurredAt
        )
    }

    /// The account that a whole stream makes; `nil` for an empty stream.
    package init?(replaying facts: some Sequence<Recorded<AccountFact>>) {
        var account: Account?
        for fact in facts {
            if account == nil { account = Account(openedBy: fact) } else { account?.apply(fact) }
        }
        guard let account else { return nil }
        self = account
    }

    package mutating func apply(_ fact: Recorded<AccountFact>) {
        version = fact.version
        switch fact.fact {
        case .opened: openedAt = fact.occurredAt
        case .deposited(_, let balance), .withdrawn(_, let balance), .paid(_, _, _, let balance), .refunded(_, _, _, let balance):
            self.balance = balance
        case .paymentDeclined: break
        }
    }
}

// MARK: - Commands

/// Why an account refuses.
package enum AccountRefusal: Error, Equatable {
    case insufficientFunds(balance: Money)
    case currencyMismatch(Currency)
    case closed
    /// The balance would be larger than any number that it is kept in.
    case balanceTooLarge
}

extension Account {
    /// Puts money in.
    package func deposit(_ amount: Money) throws(AccountRefusal) -> AccountFact {
        try check(amount)
        do {
            return .deposited(amount, balanceAfter: try balance.adding(amount))
        } catch {
            throw .balanceTooLarge
        }
    }

    /// Takes money out; the exact balance may be taken.
    package func withdraw(_ amount: Money) throws(AccountRefusal) -> AccountFact {
        try check(amount)
        return .withdrawn(amount, balanceAfter: try remaining(after: amount))
    }

    /// Pays an order or declines to.
    package func charge(_ amount: Money, for order: OrderID) -> AccountFact {
        do {
            try check(amount)
            return .paid(PaymentID(), order: order, amount, balanceAfter: try remaining(after: amount))
        } catch {
            let reason: RejectionReason =
                switch error {
                case .insufficientFunds, .balanceTooLarge: .insufficientFunds
                case .currencyMismatch: .currencyMismatch
                case .closed: .accountClosed
                }
            return .paymentDeclined(order: order, amount, balanceAfter: balance, reason)
        }
    }

    private func check(_ amount: Money) throws(AccountRefusal) {
        guard status == .open else { throw .closed }
        guard amount.currency == balance.currency else { throw .currencyMismatch(balance.currency) }
    }

    private func remaining(after amount: Money) throws(AccountRefusal) -> Money {
        guard amount.amount <= balance.amount, let rest = try? balance.subtracting(amount) else {
            throw .insufficientFunds(balance: balance)
        }
        return rest
    }
}
