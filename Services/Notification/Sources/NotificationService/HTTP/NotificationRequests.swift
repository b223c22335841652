import EventContracts
import Hummingbird
import ServiceRuntime

/// `POST /messages`.
struct DirectMessageRequest {
    let userID: UserID
    let subject: String
    let body: String

    init(_ request: Request, _ context: ServiceRequestContext) throws {
        (userID, subject, body) = try context.fields(of: request) { fields in
            (
                fields.id("user_id", as: UserID.self), fields.string("subject", length: 1...200),
                fields.string("body", length: 1...20_000, multiline: true)
            )
        }
    }
}

extension MessageStore.Filter {
    /// `GET /messages`. One more than a page holds: the extra one says that there is more.
    static func page(_ request: Request, _ context: ServiceRequestContext) throws -> (filter: MessageStore.Filter, limit: Int) {
        try context.query(of: request) { query in
            let limit = query.limit()
            return (
                MessageStore.Filter(
                    userID: query.id("user_id"),
                    orderID: query.id("order_id"),
                    kind: query.choice("kind"),
                    status: query.choice("status"),
                    before: query.cursor(of: "messages").map { MessageID(uuid: $0.id) },
                    limit: limit + 1
                ), limit
            )
        }
    }
}
