package import JSON

/// An order was paid for from its user's account; the order can be confirmed.
package struct PaymentCompleted: Event {
    package static let type: EventType = "billing.PaymentCompleted"

    /// The payment; a refund will name it.
    package let paymentID: PaymentID
    /// The order that was paid for.
    package let orderID: OrderID
    /// Whose account it is.
    package let userID: UserID
    /// What was charged, as a positive amount.
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

extension PaymentCompleted {
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
