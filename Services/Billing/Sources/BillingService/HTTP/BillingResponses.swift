package import JSON

extension Account: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { account in
            account.field("user_id", userID)
            account.field("balance", balance)
            account.field("version", version)
            account.field("status", status.rawValue)
            account.field("opened_at", openedAt)
        }
    }
}

extension Entry: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { entry in
            entry.field("id", id)
            entry.field("kind", kind)
            entry.field("amount", amount)
            entry.field("balance_after", balanceAfter)
            entry.field("order_id", orderID)
            entry.field("version", version)
            entry.field("occurred_at", occurredAt)
        }
    }
}
