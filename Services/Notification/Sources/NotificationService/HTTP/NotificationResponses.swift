import EventContracts
package import JSON

extension Message: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { message in
            message.field("id", id)
            message.field("user_id", userID)
            message.field("order_id", orderID)
            message.field("kind", kind.rawValue)
            message.field("to", recipient)
            message.field("subject", subject)
            message.field("body", body)
            message.field("status", status.rawValue)
            message.field("attempts", attempts)
            message.field("last_error", lastError)
            message.field("created_at", createdAt)
            message.field("sent_at", sentAt)
        }
    }
}
