package import EventContracts

/// A customer's order: pending until billing has decided, then confirmed or rejected.
///
/// Transitions are idempotent: what has been decided once is not decided again, whatever is delivered again.
package struct Order: Sendable, Equatable {
    /// Where an order stands.
    package enum Status: String, Sendable, CaseIterable {
        case pending, confirmed, rejected, cancelling, cancelled

        /// Whether billing has decided.
        package var isFinal: Bool { self != .pending && self != .cancelling }
    }

    package let id: OrderID
    package let userID: UserID
    package let price: Money
    package let items: [LineItem]
    package private(set) var status: Status
    /// Why it was rejected; `nil` otherwise.
    package private(set) var reason: RejectionReason?
    /// The payment that confirmed it.
    package private(set) var paymentID: PaymentID?
    package let createdAt: Timestamp
    package private(set) var updatedAt: Timestamp
    /// Rises by one with every change; 1 at first.
    package private(set) var version: Int64

    /// A new, pending order.
    package init(id: OrderID = OrderID(), userID: UserID, price: Money, items: [LineItem], at time: Timestamp) {
        self.init(
            id: id,
            userID: userID,
            price: price,
            items: items,
            status: .pending,
            reason: nil,
            paymentID: nil,
            createdAt: time,
            updatedAt: time,
            version: 1
        )
    }

    /// An order as it was stored.
    init(
        id: OrderID,
        userID: UserID,
        price: Money,
        items: [LineItem],
        status: Status,
        reason: RejectionReason?,
        paymentID: PaymentID?,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int64
    ) {
        self.id = id
        self.userID = userID
        self.price = price
        self.items = items
        self.status = status
        self.reason = reason
        self.paymentID = paymentID
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }

    /// The fact that the order was placed.
    package var placed: OrderPlaced { OrderPlaced(orderID: id, userID: userID, items: items, total: price) }

    /// Billing took the money.
    ///
    /// - Returns: What happened, or `nil` when the order was confirmed already.
    /// - Throws: `OrderConflict` when the order was decided otherwise.
    package mutating func confirm(paidBy payment: PaymentID, at time: Timestamp) throws(OrderConflict) -> OrderConfirmed? {
        switch status {
        case .pending:
            paymentID = payment
            change(to: .confirmed, at: time)
            return OrderConfirmed(orderID: id, userID: userID, total: price, paymentID: payment)
        case .confirmed, .cancelling, .cancelled:
            guard paymentID == payment else { throw OrderConflict(order: id, status: status) }
            return nil
        case .rejected:
            throw OrderConflict(order: id, status: status)
        }
    }

    /// Billing declined.
    ///
    /// - Returns: What happened, or `nil` when the order was rejected already.
    /// - Throws: `OrderConflict` when the order was decided otherwise.
    package mutating func reject(because reason: RejectionReason, at time: Timestamp) throws(OrderConflict) -> OrderRejected? {
        switch status {
        case .pending:
            self.reason = reason
            change(to: .rejected, at: time)
            return OrderRejected(orderID: id, userID: userID, total: price, reason: reason)
        case .rejected:
            return nil
        case .confirmed, .cancelling, .cancelled:
            throw OrderConflict(order: id, status: status)
        }
    }

    private mutating func change(to status: Status, at time: Timestamp) {
        self.status = status
        updatedAt = max(time, updatedAt)
        version += 1
    }
}

/// Billing told two different stories of one order. No retry mends that; an operator has to look.
package struct OrderConflict: Error, Equatable {
    package let order: OrderID
    package let status: Order.Status
}
