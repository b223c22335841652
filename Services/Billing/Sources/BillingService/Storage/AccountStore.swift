package import EventContracts
import EventSourcing
import Messaging
package import Postgres

/// All SQL about accounts: their facts, and the projection of their state.
package struct AccountStore: Sendable {
    private let facts = EventStore<AccountFact>(table: "account_facts")

    package init() {}

    /// Locks accounts until the transaction ends, in one order for everybody.
    ///
    /// An account whose projection is missing (it was dropped to be rebuilt) is replayed from its facts and projected again.
    package func lock(_ users: some Sequence<UserID>, in transaction: borrowing Transaction) async throws -> Ledger {
        let wanted = Set(users)
        let found = try decode(
            try await transaction.query(
                """
                SELECT user_id, currency, balance, status, version, opened_at FROM accounts
                WHERE user_id = ANY(\(wanted.sorted())) ORDER BY user_id FOR UPDATE
                """
            )
        )
        let missing = wanted.subtracting(found.map(\.userID))
        guard !missing.isEmpty else { return Ledger(found) }
        return Ledger(found + (try await replay(missing, in: transaction)))
    }

    /// Appends the ledger's facts and brings the projection up to them, in two statements.
    package func save(_ ledger: Ledger, in transaction: borrowing Transaction) {
        guard !ledger.facts.isEmpty else { return }
        transaction.enqueue(facts.append(ledger.facts))
        transaction.enqueue(project(ledger.changed))
    }

    /// The orders among `orders` about whose payment was decided before.
    package func decided(_ orders: [OrderID]) -> SQL {
        facts.taken(orders.map(\.uuid))
    }

    /// One account.
    package func find(_ user: UserID) -> SQL {
        "SELECT user_id, currency, balance, status, version, opened_at FROM accounts WHERE user_id = \(user)"
    }

    /// Reads rows of accounts.
    package func decode(_ rows: PostgresRows) throws(PostgresError) -> [Account] {
        try rows.decode(UserID.self, Currency.self, Int64.self, Account.Status.self, Int64.self, Timestamp.self)
            .map { user, currency, balance, status, version, openedAt in
                Account(
                    userID: user,
                    balance: Money(amount: balance, currency: currency),
                    status: status,
                    version: version,
                    openedAt: openedAt
                )
            }
    }

    /// A page of an account's statement, newest first.
    package func entries(of user: UserID, before version: Int64, limit: Int) -> SQL {
        facts.newestFacts(of: user.uuid, before: version, limit: limit)
    }

    /// Reads a page of a statement.
    package func decodeEntries(_ rows: PostgresRows) throws(PostgresError) -> [Entry] {
        try facts.decode(rows).map(Entry.init)
    }

    /// Builds the states of accounts from their facts alone and projects them; those without facts are not there.
    package func replay(_ users: Set<UserID>, in transaction: borrowing Transaction) async throws -> [Account] {
        let recorded = try facts.decode(try await transaction.query(facts.facts(of: users.map(\.uuid).sorted())))
        guard !recorded.isEmpty else { return [] }
        let replayed = Dictionary(grouping: recorded, by: \.stream).values.compactMap { Account(replaying: $0) }
        // Another transaction may have projected and changed one meanwhile: the row that is there wins and is locked.
        let results = try await transaction.query([
            project(replayed),
            "SELECT user_id, currency, balance, status, version, opened_at FROM accounts WHERE user_id = ANY(\(replayed.map(\.userID).sorted())) ORDER BY user_id FOR UPDATE",
            facts.facts(of: replayed.map(\.userID.uuid).sorted()),
        ])
        // And that row may have been dropped again before ours was made, from older facts: only under the lock the facts are complete.
        let latest = Dictionary(grouping: try facts.decode(results[2]), by: \.stream)
        return try decode(results[1]).map { account in
            var account = account
            let newer = latest[account.userID.uuid, default: []].filter { $0.version > account.version }
            for fact in newer { account.apply(fact) }
            if !newer.isEmpty { transaction.enqueue(project([account])) }
            return account
        }
    }

    private func project(_ accounts: [Account]) -> SQL {
        let ordered = accounts.sorted { $0.userID < $1.userID }
        return """
            INSERT INTO accounts AS a (user_id, currency, balance, status, version, opened_at)
            SELECT * FROM unnest(\(ordered.map(\.userID)), \(ordered.map(\.balance.currency)), \(ordered.map(\.balance.amount)),
                \(ordered.map(\.status)), \(ordered.map(\.version)), \(ordered.map(\.openedAt)))
            ON CONFLICT (user_id) DO UPDATE
            SET balance = excluded.balance, status = excluded.status, version = excluded.version
            WHERE a.version < excluded.version
            """
    }
}

extension Account.Status: PostgresRepresentable {}
