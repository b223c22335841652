package import JSON

/// The payment of a cancelled order went back to the user's account; the cancellation is complete.
package struct PaymentRefunded: Event {
    package static let type: EventType = "billing.PaymentRefunded"

    /// The payment that was given back.
    package let paymentID: PaymentID
    /// The order that was cancelled.
    package let orderID: OrderID
    /// Whose account it is.
    package let userID: UserID
    /// What was given back, as a positive amount.
    package let amount: Money
    /// What the account holds since.
    package let balanceAfter: Money

    /// The fact, from its parts.
    package init(paymentID: PaymentID, orderID: OrderID, userID: UserID, amount: Money, balanceAfter: Money) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.userID = userID
        self.amount = amount
        self.balanceAfter = balanceAfter
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { userID.description }
    package var correlation: String { orderID.description }
}

extension PaymentRefunded {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("payment_id", paymentID)
            payload.field("order_id", orderID)
            payload.field("user_id", userID)
            payload.field("amount", amount)
            payload.field("balance_after", balanceAfter)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            paymentID: try payload.required("payment_id"),
            orderID: try payload.required("order_id"),
            userID: try payload.required("user_id"),
            amount: try payload.required("amount"),
            balanceAfter: try payload.required("balance_after")
        )
    }
}
