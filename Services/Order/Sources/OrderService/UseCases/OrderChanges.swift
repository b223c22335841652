package import EventContracts
package import Messaging
package import Postgres
import Synchronization

/// Tells those who wait for an order that it has changed, in this process and in the service's others.
///
/// A notification says "look again" and carries no state, so a lost or doubled one does no harm.
package final class OrderChanges: Sendable {
    /// The channel that carries the ids of changed orders.
    package static let channel = "order_changed"

    private struct State {
        var nextToken = 0
        var waiting: [OrderID: [Int: Signal]] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Announces changes with the commit of `transaction`.
    package func announce(_ orders: [OrderID], in transaction: borrowing Transaction) {
        guard !orders.isEmpty else { return }
        transaction.enqueue(
            "SELECT count(pg_notify(\(Self.channel), id)) FROM unnest(\(orders.map(\.description))) AS id"
        )
        transaction.onCommit { [self] in
            for order in orders { wake(order) }
        }
    }

    /// Takes a notification from another process; without an id, everyone looks again.
    package func received(_ payload: String?) {
        if let payload {
            if let order = OrderID(payload) { wake(order) }
        } else {
            for signal in state.withLock({ $0.waiting.values.flatMap(\.values) }) { signal.notify() }
        }
    }

    /// A signal that is notified whenever `order` has changed, for as long as the subscription is kept.
    package func subscribe(to order: OrderID) -> Subscription {
        let signal = Signal()
        let token = state.withLock { state in
            state.nextToken += 1
            state.waiting[order, default: [:]][state.nextToken] = signal
            return state.nextToken
        }
        return Subscription(signal: signal, order: order, token: token, changes: self)
    }

    /// Ends when it is let go.
    package final class Subscription: Sendable {
        package let signal: Signal
        private let order: OrderID
        private let token: Int
        private let changes: OrderChanges

        fileprivate init(signal: Signal, order: OrderID, token: Int, changes: OrderChanges) {
            self.signal = signal
            self.order = order
            self.token = token
            self.changes = changes
        }

        deinit { changes.end(order, token) }
    }

    private func end(_ order: OrderID, _ token: Int) {
        state.withLock { state in
            state.waiting[order]?[token] = nil
            if state.waiting[order]?.isEmpty == true { state.waiting[order] = nil }
        }
    }

    private func wake(_ order: OrderID) {
        for signal in state.withLock({ Array(($0.waiting[order] ?? [:]).values) }) { signal.notify() }
    }
}
