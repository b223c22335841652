import JSON

/// Why billing declined a payment, and therefore why an order was rejected.
package enum RejectionReason: String, Sendable, CaseIterable, JSONEncodable, JSONDecodable {
    case insufficientFunds = "insufficient_funds"
    case currencyMismatch = "currency_mismatch"
    case accountClosed = "account_closed"
}

/// What a message is about.
package enum MessageKind: String, Sendable, CaseIterable, JSONEncodable, JSONDecodable {
    /// The order was confirmed.
    case happy
    /// The order was rejected.
    case sad
    /// The order was cancelled after it was paid.
    case refund
    /// The user is new.
    case welcome
    /// Written by an operator, about no order.
    case direct
}
