import EventContracts
package import JSON

extension User: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { user in
            user.field("id", id)
            user.field("email", email)
            user.field("name", name)
            user.field("currency", currency.rawValue)
            user.field("created_at", createdAt)
        }
    }
}

extension Order: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { order in
            order.field("id", id)
            order.field("user_id", userID)
            order.field("price", price)
            order.field("items", items)
            order.field("status", status.rawValue)
            order.field("reason", reason?.rawValue)
            order.field("created_at", createdAt)
            order.field("updated_at", updatedAt)
            order.field("version", version)
        }
    }
}
