#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Names a user, and with it the user's account and every event's partition key.
package struct UserID: TypedID {
    package let uuid: UUID

    package init(uuid: UUID) {
        self.uuid = uuid
    }
}

/// Names an order.
package struct OrderID: TypedID {
    package let uuid: UUID

    package init(uuid: UUID) {
        self.uuid = uuid
    }
}

/// Names an event that happened: the idempotency key of everything done because of it.
package struct EventID: TypedID {
    package let uuid: UUID

    package init(uuid: UUID) {
        self.uuid = uuid
    }
}

/// Names a deposit or a withdrawal in an account's statement.
package struct EntryID: TypedID {
    package let uuid: UUID

    package init(uuid: UUID) {
        self.uuid = uuid
    }
}

/// Names the payment of an order.
package struct PaymentID: TypedID {
    package let uuid: UUID

    package init(uuid: UUID) {
        self.uuid = uuid
    }
}

/// Names a message to a user; the `Message-ID` of its mail is made from it.
package struct MessageID: TypedID {
    package let uuid: UUID

    package init(uuid: UUID) {
        self.uuid = uuid
    }
}
