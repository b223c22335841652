package import JSON

/// An order was undone; notification tells the customer what came back.
package struct OrderCancelled: Event {
    package static let type: EventType = "order.OrderCancelled"

    /// The order.
    package let orderID: OrderID
    /// Who ordered.
    package let userID: UserID
    /// What was paid back; zero when nothing had been charged.
    package let refunded: Money

    /// The fact, from its parts.
    package init(orderID: OrderID, userID: UserID, refunded: Money) {
        self.orderID = orderID
        self.userID = userID
        self.refunded = refunded
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { orderID.description }
    package var correlation: String { orderID.description }
}

extension OrderCancelled {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("order_id", orderID)
            payload.field("user_id", userID)
            payload.field("refunded", refunded)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            orderID: try payload.required("order_id"),
            userID: try payload.required("user_id"),
            refunded: try payload.required("refunded")
        )
    }
}
