package import EventContracts

/// Where a user's letters go: this service's copy of what the order service told.
package struct Recipient: Sendable, Equatable {
    package let userID: UserID
    package let email: String
    package let name: String
}
