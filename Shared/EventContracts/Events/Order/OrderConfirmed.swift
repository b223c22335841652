package import JSON

/// An order was paid for and stands; notification sends the happy mail.
package struct OrderConfirmed: Event {
    package static let type: EventType = "order.OrderConfirmed"

    /// The order.
    package let orderID: OrderID
    /// Who ordered.
    package let userID: UserID
    /// What was paid.
    package let total: Money
    /// The payment that settled it.
    package let paymentID: PaymentID

    /// The fact, from its parts.
    package init(orderID: OrderID, userID: UserID, total: Money, paymentID: PaymentID) {
        self.orderID = orderID
        self.userID = userID
        self.total = total
        self.paymentID = paymentID
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { orderID.description }
    package var correlation: String { orderID.description }
}

extension OrderConfirmed {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("order_id", orderID)
            payload.field("user_id", userID)
            payload.field("total", total)
            payload.field("payment_id", paymentID)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            orderID: try payload.required("order_id"),
            userID: try payload.required("user_id"),
            total: try payload.required("total"),
            paymentID: try payload.required("payment_id")
        )
    }
}
