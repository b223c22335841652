package import JSON

/// A user can hold money with us from now on, in one currency.
package struct AccountOpened: Event {
    package static let type: EventType = "billing.AccountOpened"

    /// Whose account it is; it has no other name.
    package let userID: UserID
    /// What the account is kept in, for good.
    package let currency: Currency

    /// The fact, from its parts.
    package init(userID: UserID, currency: Currency) {
        self.userID = userID
        self.currency = currency
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { userID.description }
    package var correlation: String { userID.description }
}

extension AccountOpened {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("user_id", userID)
            payload.field("currency", currency)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            userID: try payload.required("user_id"),
            currency: try payload.required("currency")
        )
    }
}
