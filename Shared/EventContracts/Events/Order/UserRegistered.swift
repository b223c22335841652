package import JSON

/// A person became a customer; billing opens an account, notification takes down the address.
package struct UserRegistered: Event {
    package static let type: EventType = "order.UserRegistered"

    /// The new user.
    package let userID: UserID
    /// Where mails go, as the user gave it.
    package let email: String
    /// How mails address the user.
    package let name: String
    /// What the account is kept in.
    package let currency: Currency

    /// The fact, from its parts.
    package init(userID: UserID, email: String, name: String, currency: Currency) {
        self.userID = userID
        self.email = email
        self.name = name
        self.currency = currency
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { userID.description }
    package var correlation: String { userID.description }
}

extension UserRegistered {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("user_id", userID)
            payload.field("email", email)
            payload.field("name", name)
            payload.field("currency", currency)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            userID: try payload.required("user_id"),
            email: try payload.required("email"),
            name: try payload.required("name"),
            currency: try payload.required("currency")
        )
    }
}
