package import JSON

/// A user paid money in.
package struct MoneyDeposited: Event {
    package static let type: EventType = "billing.MoneyDeposited"

    /// Whose account it is.
    package let userID: UserID
    /// The line of the statement.
    package let entryID: EntryID
    /// What was paid in.
    package let amount: Money
    /// What the account holds since.
    package let balanceAfter: Money

    /// The fact, from its parts.
    package init(userID: UserID, entryID: EntryID, amount: Money, balanceAfter: Money) {
        self.userID = userID
        self.entryID = entryID
        self.amount = amount
        self.balanceAfter = balanceAfter
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { userID.description }
    package var correlation: String { userID.description }
}

extension MoneyDeposited {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("user_id", userID)
            payload.field("entry_id", entryID)
            payload.field("amount", amount)
            payload.field("balance_after", balanceAfter)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            userID: try payload.required("user_id"),
            entryID: try payload.required("entry_id"),
            amount: try payload.required("amount"),
            balanceAfter: try payload.required("balance_after")
        )
    }
}
