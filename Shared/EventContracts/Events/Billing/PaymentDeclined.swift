package import JSON

/// An order could not be paid for; nothing was charged, and the order will be rejected.
package struct PaymentDeclined: Event {
    package static let type: EventType = "billing.PaymentDeclined"

    /// The order that was not paid for.
    package let orderID: OrderID
    /// Whose account it is.
    package let userID: UserID
    /// What should have been charged.
    package let amount: Money
    /// What the account holds.
    package let balance: Money
    /// Why nothing was charged.
    package let reason: RejectionReason

    /// The fact, from its parts.
    package init(orderID: OrderID, userID: UserID, amount: Money, balance: Money, reason: RejectionReason) {
        self.orderID = orderID
        self.userID = userID
        self.amount = amount
        self.balance = balance
        self.reason = reason
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { userID.description }
    package var correlation: String { orderID.description }
}

extension PaymentDeclined {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("order_id", orderID)
            payload.field("user_id", userID)
            payload.field("amount", amount)
            payload.field("balance", balance)
            payload.field("reason", reason)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            orderID: try payload.required("order_id"),
            userID: try payload.required("user_id"),
            amount: try payload.required("amount"),
            balance: try payload.required("balance"),
            reason: try payload.required("reason")
        )
    }
}
