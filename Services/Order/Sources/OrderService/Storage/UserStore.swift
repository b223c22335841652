package import EventContracts
import Messaging
package import Postgres

/// All SQL about users.
package struct UserStore: Sendable {
    package init() {}

    /// Stores a new user.
    ///
    /// - Throws: Later, with the round trip: `PostgresError` `.uniqueViolation` of `users_email` when the mailbox is taken.
    package func insert(_ user: User) -> SQL {
        """
        INSERT INTO users (id, email, name, currency, created_at)
        VALUES (\(user.id), \(user.email), \(user.name), \(user.currency), \(user.createdAt))
        """
    }

    /// One user.
    package func find(_ id: UserID) -> SQL {
        "SELECT id, email, name, currency, created_at FROM users WHERE id = \(id)"
    }

    /// Reads what `find` found.
    package func decode(_ rows: PostgresRows) throws(PostgresError) -> User? {
        guard let row = rows.first else { return nil }
        let (id, email, name, currency, createdAt) = try row.decode(
            UserID.self,
            String.self,
            String.self,
            Currency.self,
            Timestamp.self
        )
        return User(id: id, email: email, name: name, currency: currency, createdAt: createdAt)
    }
}
