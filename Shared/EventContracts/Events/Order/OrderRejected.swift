package import JSON

/// An order came to nothing because it could not be paid for; notification sends the sad mail.
package struct OrderRejected: Event {
    package static let type: EventType = "order.OrderRejected"

    /// The order.
    package let orderID: OrderID
    /// Who ordered.
    package let userID: UserID
    /// What would have been paid.
    package let total: Money
    /// Why it could not be paid for.
    package let reason: RejectionReason

    /// The fact, from its parts.
    package init(orderID: OrderID, userID: UserID, total: Money, reason: RejectionReason) {
        self.orderID = orderID
        self.userID = userID
        self.total = total
        self.reason = reason
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { orderID.description }
    package var correlation: String { orderID.description }
}

extension OrderRejected {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("order_id", orderID)
            payload.field("user_id", userID)
            payload.field("total", total)
            payload.field("reason", reason)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            orderID: try payload.required("order_id"),
            userID: try payload.required("user_id"),
            total: try payload.required("total"),
            reason: try payload.required("reason")
        )
    }
}
