package import EventContracts
import EventSourcing
package import JSON

/// What can have happened to an account. Each tells the balance after it, so that a statement is read and not calculated.
package enum AccountFact: Sendable, Equatable {
    case opened(Currency)
    case deposited(Money, balanceAfter: Money)
    case withdrawn(Money, balanceAfter: Money)
    case paid(PaymentID, order: OrderID, Money, balanceAfter: Money)
    case paymentDeclined(order: OrderID, Money, balanceAfter: Money, RejectionReason)
    case refunded(PaymentID, order: OrderID, Money, balanceAfter: Money)

    /// The order that it is about.
    package var order: OrderID? {
        switch self {
        case .opened, .deposited, .withdrawn: nil
        case .paid(_, let order, _, _), .paymentDeclined(let order, _, _, _), .refunded(_, let order, _, _): order
        }
    }

    /// How much was moved, or asked for.
    package var amount: Money {
        switch self {
        case .opened(let currency): Money(amount: 0, currency: currency)
        case .deposited(let amount, _), .withdrawn(let amount, _), .paid(_, _, let amount, _), .paymentDeclined(_, let amount, _, _),
            .refunded(_, _, let amount, _):
            amount
        }
    }

    /// What was on the account afterwards.
    package var balanceAfter: Money {
        switch self {
        case .opened(let currency): Money(amount: 0, currency: currency)
        case .deposited(_, let balance), .withdrawn(_, let balance), .paid(_, _, _, let balance), .paymentDeclined(_, _, let balance, _),
            .refunded(_, _, _, let balance):
            balance
        }
    }
}

extension AccountFact: StoredFact {
    package static let schemaVersion = 1

    package var kind: String {
        switch self {
        case .opened: "opened"
        case .deposited: "deposit"
        case .withdrawn: "withdrawal"
        case .paid: "payment"
        case .paymentDeclined: "payment_declined"
        case .refunded: "refund"
        }
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { fields in
            fields.field("amount", amount)
            fields.field("balance_after", balanceAfter)
            switch self {
            case .opened, .deposited, .withdrawn:
                break
            case .paid(let payment, let order, _, _), .refunded(let payment, let order, _, _):
                fields.field("payment_id", payment)
                fields.field("order_id", order)
            case .paymentDeclined(let order, _, _, let reason):
                fields.field("order_id", order)
                fields.field("reason", reason.rawValue)
            }
        }
    }

    package init(kind: String, schemaVersion: Int, json: JSONValue) throws(JSONDecodingError) {
        guard schemaVersion == 1 else { throw JSONDecodingError("is of an unknown schema version") }
        let fields = try JSONFields(json)
        let amount = try fields.required("amount", as: Money.self)
        let balance = try fields.required("balance_after", as: Money.self)
        switch kind {
        case "opened": self = .opened(amount.currency)
        case "deposit": self = .deposited(amount, balanceAfter: balance)
        case "withdrawal": self = .withdrawn(amount, balanceAfter: balance)
        case "payment":
            self = .paid(try fields.required("payment_id"), order: try fields.required("order_id"), amount, balanceAfter: balance)
        case "refund":
            self = .refunded(try fields.required("payment_id"), order: try fields.required("order_id"), amount, balanceAfter: balance)
        case "payment_declined":
            guard let reason = RejectionReason(rawValue: try fields.required("reason")) else {
                throw fields.error("is no known reason", at: "reason")
            }
            self = .paymentDeclined(order: try fields.required("order_id"), amount, balanceAfter: balance, reason)
        default:
            throw JSONDecodingError("is of an unknown kind")
        }
    }
}
