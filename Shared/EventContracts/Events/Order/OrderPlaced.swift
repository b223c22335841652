package import JSON

/// A customer committed to an order; billing charges for it.
package struct OrderPlaced: Event {
    package static let type: EventType = "order.OrderPlaced"

    /// The new order.
    package let orderID: OrderID
    /// Who ordered.
    package let userID: UserID
    /// What was ordered; empty when the customer named a price only.
    package let items: [LineItem]
    /// What is to be paid.
    package let total: Money

    /// The fact, from its parts.
    package init(orderID: OrderID, userID: UserID, items: [LineItem], total: Money) {
        self.orderID = orderID
        self.userID = userID
        self.items = items
        self.total = total
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { orderID.description }
    package var correlation: String { orderID.description }
}

extension OrderPlaced {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("order_id", orderID)
            payload.field("user_id", userID)
            payload.field("items", items)
            payload.field("total", total)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            orderID: try payload.required("order_id"),
            userID: try payload.required("user_id"),
            items: try payload.required("items"),
            total: try payload.required("total")
        )
    }
}
