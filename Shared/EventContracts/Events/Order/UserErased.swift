package import JSON

/// A customer asked to be forgotten; every service erases what it knows about the person.
package struct UserErased: Event {
    package static let type: EventType = "order.UserErased"

    /// Who is to be forgotten.
    package let userID: UserID

    /// The fact, from its parts.
    package init(userID: UserID) {
        self.userID = userID
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { userID.description }
    package var correlation: String { userID.description }
}

extension UserErased {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("user_id", userID)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            userID: try payload.required("user_id")
        )
    }
}
