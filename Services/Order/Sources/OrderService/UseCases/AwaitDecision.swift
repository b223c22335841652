package import EventContracts
import Messaging
import Postgres
import ServiceLifecycle

/// Follows an order until billing has decided about it, without asking again and again: every look is caused by a change.
package struct AwaitDecision: Sendable {
    let postgres: PostgresPool
    let orders: OrderStore
    let changes: OrderChanges

    /// The order as soon as it is final, or as it is when the time is over.
    ///
    /// - Returns: `nil` when there is no such order.
    package func callAsFunction(_ id: OrderID, within limit: Duration) async throws -> Order? {
        let deadline = ContinuousClock.now + limit
        let changed = limit > .zero ? changes.subscribe(to: id) : nil
        while true {
            guard let order = try await find(id) else { return nil }
            let left = ContinuousClock.now.duration(to: deadline)
            guard let changed, !order.status.isFinal, left > .zero, !Task.isCancelled else { return order }
            await changed.signal.waitUnlessShuttingDown(for: left)
            if Task.isShuttingDownGracefully { return try await find(id) }
        }
    }

    /// The states of an order from now on, until it is final or `limit` is over.
    package func follow(_ id: OrderID, within limit: Duration, heartbeat: Duration = .seconds(15)) -> States {
        States(find: find, id: id, changed: changes.subscribe(to: id), deadline: .now + limit, heartbeat: heartbeat)
    }

    /// Tells each state once, beginning with the present one.
    package struct States {
        /// What a follower learns.
        package enum Update: Sendable {
            case state(Order)
            /// Nothing has changed for a while; whoever listens is still there.
            case nothingNew
        }

        fileprivate let find: (OrderID) async throws -> Order?
        fileprivate let id: OrderID
        fileprivate let changed: OrderChanges.Subscription
        fileprivate let deadline: ContinuousClock.Instant
        fileprivate let heartbeat: Duration
        private var told: Int64 = 0
        private var isOver = false

        fileprivate init(
            find: @escaping (OrderID) async throws -> Order?,
            id: OrderID,
            changed: OrderChanges.Subscription,
            deadline: ContinuousClock.Instant,
            heartbeat: Duration
        ) {
            self.find = find
            self.id = id
            self.changed = changed
            self.deadline = deadline
            self.heartbeat = heartbeat
        }

        /// The next update; `nil` at the end.
        package mutating func next() async throws -> Update? {
            let left = ContinuousClock.now.duration(to: deadline)
            if isOver || left <= .zero || Task.isCancelled || Task.isShuttingDownGracefully { return nil }
            if told > 0 { await changed.signal.waitUnlessShuttingDown(for: min(left, heartbeat)) }
            guard let order = try await find(id) else { return nil }
            isOver = order.status.isFinal
            guard order.version > told else { return .nothingNew }
            told = order.version
            return .state(order)
        }
    }

    private func find(_ id: OrderID) async throws -> Order? {
        try orders.decode(try await postgres.query(orders.find(id))).first
    }
}

extension Signal {
    /// A wait that a graceful shutdown ends: nobody's patience may use up the time that the service has for stopping.
    fileprivate func waitUnlessShuttingDown(for timeout: Duration) async {
        await cancelWhenGracefulShutdown { await self.wait(for: timeout) }
    }
}
