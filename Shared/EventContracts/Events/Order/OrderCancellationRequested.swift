package import JSON

/// A customer wants out of an order; billing gives back what was paid, or sees to it that nothing will be.
package struct OrderCancellationRequested: Event {
    package static let type: EventType = "order.OrderCancellationRequested"

    /// The order.
    package let orderID: OrderID
    /// Who ordered.
    package let userID: UserID

    /// The fact, from its parts.
    package init(orderID: OrderID, userID: UserID) {
        self.orderID = orderID
        self.userID = userID
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { orderID.description }
    package var correlation: String { orderID.description }
}

extension OrderCancellationRequested {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("order_id", orderID)
            payload.field("user_id", userID)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            orderID: try payload.required("order_id"),
            userID: try payload.required("user_id")
        )
    }
}
