package import EventContracts
package import Messaging
package import Postgres

/// Registers a user and tells the other services, or does neither.
package struct RegisterUser: Sendable {
    let users: UserStore
    let outbox: Outbox

    /// - Throws: ``EmailTaken``, when the mailbox is registered.
    package func callAsFunction(
        email: String,
        name: String,
        currency: Currency,
        causedBy cause: Cause,
        in transaction: borrowing Transaction
    ) async throws -> User {
        let user = User(id: UserID(), email: email, name: name, currency: currency, createdAt: .now)
        do {
            _ = try await transaction.query(users.insert(user))
        } catch  where error.constraint == "users_email" {
            throw EmailTaken()
        }
        outbox.append(
            UserRegistered(userID: user.id, email: user.email, name: user.name, currency: user.currency),
            causedBy: cause,
            in: transaction
        )
        return user
    }
}

/// The mailbox is registered already.
package struct EmailTaken: Error {}
