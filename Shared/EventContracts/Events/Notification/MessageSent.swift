package import JSON

/// A message was handed to the mail server; the order's timeline shows it.
package struct MessageSent: Event {
    package static let type: EventType = "notification.MessageSent"

    /// The message.
    package let messageID: MessageID
    /// The order it is about; `nil` for a welcome and for a direct message.
    package let orderID: OrderID?
    /// To whom it was sent.
    package let userID: UserID
    /// What it was about.
    package let kind: MessageKind

    /// The fact, from its parts.
    package init(messageID: MessageID, orderID: OrderID?, userID: UserID, kind: MessageKind) {
        self.messageID = messageID
        self.orderID = orderID
        self.userID = userID
        self.kind = kind
    }

    /// One user's events stay in the order in which they happened.
    package var key: PartitionKey { PartitionKey(userID) }
    package var subject: String { messageID.description }
    package var correlation: String { orderID?.description ?? userID.description }
}

extension MessageSent {
    package func write(to writer: inout JSONWriter) {
        writer.object { payload in
            payload.field("message_id", messageID)
            payload.field("order_id", ifPresent: orderID)
            payload.field("user_id", userID)
            payload.field("kind", kind)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let payload = try JSONFields(json)
        self.init(
            messageID: try payload.required("message_id"),
            orderID: try payload.optional("order_id"),
            userID: try payload.required("user_id"),
            kind: try payload.required("kind")
        )
    }
}
