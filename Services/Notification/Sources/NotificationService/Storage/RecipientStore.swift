package import EventContracts
import Messaging
package import Postgres

/// All SQL about the address book.
package struct RecipientStore: Sendable {
    package init() {}

    /// Writes addresses, the newest of a user's last.
    func save(_ recipients: [Recipient], in transaction: borrowing Transaction) {
        let latest = Dictionary(recipients.map { ($0.userID, $0) }) { _, later in later }.values.sorted { $0.userID < $1.userID }
        guard !latest.isEmpty else { return }
        transaction.enqueue(
            """
            INSERT INTO recipients (user_id, email, name)
            SELECT * FROM unnest(\(latest.map(\.userID)), \(latest.map(\.email)), \(latest.map(\.name)))
            ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, name = excluded.name
            """
        )
    }

    /// The addresses of users; those that are not known are not there.
    package func find(_ users: some Sequence<UserID>, in transaction: borrowing Transaction) async throws -> [UserID: Recipient] {
        let rows = try await transaction.query(
            "SELECT user_id, email, name FROM recipients WHERE user_id = ANY(\(Set(users).sorted()))"
        )
        let recipients = try rows.decode(UserID.self, String.self, String.self).map { Recipient(userID: $0, email: $1, name: $2) }
        return Dictionary(uniqueKeysWithValues: recipients.map { ($0.userID, $0) })
    }
}
