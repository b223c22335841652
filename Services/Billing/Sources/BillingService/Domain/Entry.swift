package import EventContracts
package import EventSourcing

/// One line of an account's statement: a fact, as its owner reads it.
package struct Entry: Sendable, Equatable {
    package let id: EntryID
    package let kind: String
    package let amount: Money
    package let balanceAfter: Money
    package let orderID: OrderID?
    package let version: Int64
    package let occurredAt: Timestamp

    package init(_ recorded: Recorded<AccountFact>) {
        id = EntryID(uuid: recorded.id)
        kind = recorded.fact.kind
        amount = recorded.fact.amount
        balanceAfter = recorded.fact.balanceAfter
        orderID = recorded.fact.order
        version = recorded.version
        occurredAt = recorded.occurredAt
    }
}
