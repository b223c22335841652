import EventContracts
package import Messaging
package import Postgres

/// Places an order and tells the other services, or does neither.
package struct PlaceOrder: Sendable {
    let users: UserStore
    let orders: OrderStore
    let outbox: Outbox

    /// - Throws: ``UnknownUser``; ``NewOrder/PriceConflict``.
    package func callAsFunction(
        _ request: NewOrder,
        causedBy cause: Cause,
        in transaction: borrowing Transaction
    ) async throws -> Order {
        guard let user = try users.decode(try await transaction.query(users.find(request.userID))) else { throw UnknownUser() }
        let (price, items) = try request.priced(in: user.currency)
        let order = Order(userID: user.id, price: price, items: items, at: .now)
        transaction.enqueue(orders.insert(order))
        outbox.append(order.placed, causedBy: cause, in: transaction)
        return order
    }
}

/// Nobody is registered under this id.
package struct UnknownUser: Error {}
