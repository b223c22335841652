package import EventContracts

/// Someone who orders.
package struct User: Sendable, Equatable {
    package let id: UserID
    /// Where mails go; one registration per mailbox.
    package let email: String
    package let name: String
    /// The currency of the user's account.
    package let currency: Currency
    package let createdAt: Timestamp
}
