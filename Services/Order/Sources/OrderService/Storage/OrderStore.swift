package import EventContracts
import JSON
import Messaging
package import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// All SQL about orders.
package struct OrderStore: Sendable {
    private static let columns = "id, user_id, amount, currency, items, status, reason, payment_id, created_at, updated_at, version"

    package init() {}

    /// Stores a new order.
    package func insert(_ order: Order) -> SQL {
        """
        INSERT INTO orders (\(unescaped: Self.columns))
        VALUES (\(order.id), \(order.userID), \(order.price.amount), \(order.price.currency),
            \(String(decoding: jsonBytes(order.items), as: UTF8.self)), \(order.status), \(order.reason), \(order.paymentID),
            \(order.createdAt), \(order.updatedAt), \(order.version))
        """
    }

    /// One order.
    package func find(_ id: OrderID) -> SQL {
        "SELECT \(unescaped: Self.columns) FROM orders WHERE id = \(id)"
    }

    /// Which orders to list.
    package struct Filter: Sendable {
        package var userID: UserID?
        package var status: Order.Status?
        /// Only orders older than this one.
        package var before: OrderID?
        package var limit: Int
    }

    /// Orders, newest first. One statement for each kind of filter, so that each has a plan with the index it needs.
    package func list(_ filter: Filter) -> SQL {
        let columns = Self.columns
        let before = filter.before ?? OrderID.last
        let limit = Int64(filter.limit)
        switch (filter.userID, filter.status) {
        case (let user?, let status?):
            return """
                SELECT \(unescaped: columns) FROM orders
                WHERE user_id = \(user) AND status = \(status) AND id < \(before) ORDER BY id DESC LIMIT \(limit)
                """
        case (let user?, nil):
            return "SELECT \(unescaped: columns) FROM orders WHERE user_id = \(user) AND id < \(before) ORDER BY id DESC LIMIT \(limit)"
        case (nil, let status?):
            return "SELECT \(unescaped: columns) FROM orders WHERE status = \(status) AND id < \(before) ORDER BY id DESC LIMIT \(limit)"
        case (nil, nil):
            return "SELECT \(unescaped: columns) FROM orders WHERE id < \(before) ORDER BY id DESC LIMIT \(limit)"
        }
    }

    /// Orders, locked in one order for everybody until the transaction ends.
    package func lock(_ ids: [OrderID], in transaction: borrowing Transaction) async throws -> [OrderID: Order] {
        let rows = try await transaction.query(
            "SELECT \(unescaped: Self.columns) FROM orders WHERE id = ANY(\(ids)) ORDER BY id FOR UPDATE"
        )
        return Dictionary(uniqueKeysWithValues: try decode(rows).map { ($0.id, $0) })
    }

    /// Writes what changed, in one statement.
    package func update(_ orders: [Order], in transaction: borrowing Transaction) {
        guard !orders.isEmpty else { return }
        transaction.enqueue(
            """
            UPDATE orders AS o SET status = n.status, reason = n.reason, payment_id = n.payment_id, updated_at = n.updated_at,
                version = n.version
            FROM unnest(\(orders.map(\.id)), \(orders.map(\.status)), \(orders.map(\.reason)), \(orders.map(\.paymentID)),
                \(orders.map(\.updatedAt)), \(orders.map(\.version))) AS n (id, status, reason, payment_id, updated_at, version)
            WHERE o.id = n.id
            """
        )
    }

    /// Reads rows of orders.
    package func decode(_ rows: PostgresRows) throws(PostgresError) -> [Order] {
        var orders: [Order] = []
        for row in rows {
            let (id, userID, amount, currency, items, status, reason, paymentID, createdAt, updatedAt, version) = try row.decode(
                OrderID.self,
                UserID.self,
                Int64.self,
                Currency.self,
                String.self,
                Order.Status.self,
                RejectionReason?.self,
                PaymentID?.self,
                Timestamp.self,
                Timestamp.self,
                Int64.self
            )
            orders.append(
                Order(
                    id: id,
                    userID: userID,
                    price: Money(amount: amount, currency: currency),
                    items: try Self.decodeItems(items),
                    status: status,
                    reason: reason,
                    paymentID: paymentID,
                    createdAt: createdAt,
                    updatedAt: updatedAt,
                    version: version
                )
            )
        }
        return orders
    }

    private static func decodeItems(_ text: String) throws(PostgresError) -> [LineItem] {
        do {
            return try [LineItem](json: JSONValue(parsing: Array(text.utf8)))
        } catch {
            throw PostgresError(.decoding, "The items of a stored order cannot be read: \(error)")
        }
    }
}

extension Order.Status: PostgresRepresentable {}

extension TypedID {
    /// Above every UUID that is in use: version and variant are all ones.
    static var last: Self { Self(uuid: UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))) }
}
