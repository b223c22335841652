package import EventContracts
package import Messaging

/// A letter on its way: written once, sent when the mail server takes it.
package struct Message: Sendable, Equatable {
    /// Where it stands. `failed` is final: the server refused it for good, or too often.
    package enum Status: String, Sendable, CaseIterable {
        case queued, sent, failed
    }

    package let id: MessageID
    package let userID: UserID
    package let orderID: OrderID?
    package let kind: MessageKind
    /// The address.
    package let recipient: String
    package let recipientName: String
    package let subject: String
    /// The text; ``html`` says the same.
    package let body: String
    package let html: String
    package let status: Status
    /// How often it was handed to the mail server.
    package let attempts: Int
    /// What the mail server, or the way to it, said the last time.
    package let lastError: String?
    /// The event or request that led to it.
    package let cause: Cause
    package let createdAt: Timestamp
    package let sentAt: Timestamp?

    /// A new message, written from a template.
    package init(
        to recipient: Recipient,
        kind: MessageKind,
        about order: OrderID?,
        subject: String,
        text: String,
        html: String,
        cause: Cause,
        at time: Timestamp
    ) {
        self.init(
            id: MessageID(),
            userID: recipient.userID,
            orderID: order,
            kind: kind,
            recipient: recipient.email,
            recipientName: recipient.name,
            subject: subject,
            body: text,
            html: html,
            status: .queued,
            attempts: 0,
            lastError: nil,
            cause: cause,
            createdAt: time,
            sentAt: nil
        )
    }

    /// A message as it was stored.
    init(
        id: MessageID,
        userID: UserID,
        orderID: OrderID?,
        kind: MessageKind,
        recipient: String,
        recipientName: String,
        subject: String,
        body: String,
        html: String,
        status: Status,
        attempts: Int,
        lastError: String?,
        cause: Cause,
        createdAt: Timestamp,
        sentAt: Timestamp?
    ) {
        self.id = id
        self.userID = userID
        self.orderID = orderID
        self.kind = kind
        self.recipient = recipient
        self.recipientName = recipientName
        self.subject = subject
        self.body = body
        self.html = html
        self.status = status
        self.attempts = attempts
        self.lastError = lastError
        self.cause = cause
        self.createdAt = createdAt
        self.sentAt = sentAt
    }
}
