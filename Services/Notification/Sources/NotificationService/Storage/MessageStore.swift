package import EventContracts
import Messaging
package import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// All SQL about messages.
package struct MessageStore: Sendable {
    static let columns = """
        id, user_id, order_id, kind, recipient, recipient_name, subject, body, html, status, attempts, last_error, cause_id, traceparent, \
        created_at, sent_at
        """

    package init() {}

    /// Queues messages; one that exists already (the same verdict of the same order) stays as it is.
    package func insert(_ messages: [Message]) -> SQL {
        """
        INSERT INTO messages (id, user_id, order_id, kind, recipient, recipient_name, subject, body, html, cause_id, traceparent, created_at)
        SELECT * FROM unnest(
            \(messages.map(\.id)), \(messages.map(\.userID)), \(messages.map(\.orderID)), \(messages.map(\.kind)),
            \(messages.map(\.recipient)), \(messages.map(\.recipientName)), \(messages.map(\.subject)), \(messages.map(\.body)),
            \(messages.map(\.html)), \(messages.map(\.cause.id)), \(messages.map { $0.cause.trace?.description }), \(messages.map(\.createdAt)))
        ON CONFLICT DO NOTHING
        """
    }

    /// One message.
    package func find(_ id: MessageID) -> SQL {
        "SELECT \(unescaped: Self.columns) FROM messages WHERE id = \(id)"
    }

    /// Which messages to list.
    package struct Filter: Sendable {
        package var userID: UserID?
        package var orderID: OrderID?
        package var kind: MessageKind?
        package var status: Message.Status?
        /// Only messages older than this one.
        package var before: MessageID?
        package var limit: Int
    }

    /// Messages, newest first. An order's or a user's have an index; kind and status choose among those.
    package func list(_ filter: Filter) -> SQL {
        let columns = Self.columns
        let before =
            filter.before ?? MessageID(uuid: UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255)))
        let (kinds, statuses) = (filter.kind.map { [$0] } ?? MessageKind.allCases, filter.status.map { [$0] } ?? Message.Status.allCases)
        let limit = Int64(filter.limit)
        switch (filter.orderID, filter.userID) {
        case (let order?, nil):
            return """
                SELECT \(unescaped: columns) FROM messages WHERE order_id = \(order) AND id < \(before)
                    AND kind = ANY(\(kinds)) AND status = ANY(\(statuses)) ORDER BY id DESC LIMIT \(limit)
                """
        case (let order?, let user?):
            return """
                SELECT \(unescaped: columns) FROM messages WHERE order_id = \(order) AND user_id = \(user) AND id < \(before)
                    AND kind = ANY(\(kinds)) AND status = ANY(\(statuses)) ORDER BY id DESC LIMIT \(limit)
                """
        case (nil, let user?):
            return """
                SELECT \(unescaped: columns) FROM messages WHERE user_id = \(user) AND id < \(before)
                    AND kind = ANY(\(kinds)) AND status = ANY(\(statuses)) ORDER BY id DESC LIMIT \(limit)
                """
        case (nil, nil):
            return """
                SELECT \(unescaped: columns) FROM messages WHERE id < \(before)
                    AND kind = ANY(\(kinds)) AND status = ANY(\(statuses)) ORDER BY id DESC LIMIT \(limit)
                """
        }
    }

    /// Reads rows of messages.
    package func decode(_ rows: PostgresRows) throws(PostgresError) -> [Message] {
        var messages: [Message] = []
        for row in rows {
            let (
                id, user, order, kind, recipient, name, subject, body, html, status, attempts, lastError, cause, trace, createdAt, sentAt
            ) = try row.decode(
                MessageID.self,
                UserID.self,
                OrderID?.self,
                MessageKind.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                Message.Status.self,
                Int32.self,
                String?.self,
                String?.self,
                String?.self,
                Timestamp.self,
                Timestamp?.self
            )
            messages.append(
                Message(
                    id: id,
                    userID: user,
                    orderID: order,
                    kind: kind,
                    recipient: recipient,
                    recipientName: name,
                    subject: subject,
                    body: body,
                    html: html,
                    status: status,
                    attempts: Int(attempts),
                    lastError: lastError,
                    cause: Cause(id: cause, trace: trace.flatMap(TraceContext.init(traceparent:))),
                    createdAt: createdAt,
                    sentAt: sentAt
                )
            )
        }
        return messages
    }
}

extension Message.Status: PostgresRepresentable {}
