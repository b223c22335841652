package import EventContracts

/// What the templates can say: the names that may stand in them, and their texts.
///
/// | name | text |
/// | --- | --- |
/// | `user_name` | the user's name on one line |
/// | `order_id` | the order's id |
/// | `amount` | money as people read it: `1,234.50 USD` |
/// | `reason` | why the order was rejected, as the end of a sentence |
/// | `subject` | a direct message's subject on one line |
/// | `body` | a direct message's text |
/// | `lines` | the same as a list of lines: `{{#lines}}{{.}}<br>{{/lines}}` |
package struct LetterValues: Sendable, Hashable {
    /// May be empty; then `user_name` has no text.
    package var userName: String
    /// Needed by happy, sad and refund.
    package var orderID: OrderID?
    /// Needed by happy and refund.
    package var amount: Money?
    /// Needed by sad.
    package var reason: RejectionReason?
    /// Needed by direct.
    package var subject: String?
    /// Needed by direct.
    package var body: String?

    /// Values of one letter; those that its kind does not need may be left out.
    package init(
        userName: String,
        orderID: OrderID? = nil,
        amount: Money? = nil,
        reason: RejectionReason? = nil,
        subject: String? = nil,
        body: String? = nil
    ) {
        self.userName = userName
        self.orderID = orderID
        self.amount = amount
        self.reason = reason
        self.subject = subject
        self.body = body
    }

    static let names: Set<String> = ["user_name", "order_id", "amount", "reason", "subject", "body", "lines"]

    /// The names that have to have a text in a letter of this kind.
    static func required(by kind: MessageKind) -> [String] {
        switch kind {
        case .happy, .refund: ["order_id", "amount"]
        case .sad: ["order_id", "reason"]
        case .welcome: []
        case .direct: ["subject", "body"]
        }
    }

    /// The text behind a name, or `nil` if this letter has none.
    func text(_ name: String) -> String? {
        switch name {
        case "user_name": singleLine(userName).isEmpty ? nil : singleLine(userName)
        case "order_id": orderID?.description
        case "amount": amount.map(readable)
        case "reason": reason.map(readable)
        case "subject": subject.map(singleLine)
        case "body": body.map { multipleLines($0).joined(separator: "\n") }
        default: nil
        }
    }

    /// The lines of the body.
    var lines: [String]? { body.map(multipleLines) }
}

/// The lines of a text, each without control characters except tabs, and without empty ones at the end.
private func multipleLines(_ text: String) -> [String] {
    var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { line in
        String(String.UnicodeScalarView(line.unicodeScalars.map { isLineBreaking($0) && $0 != "\t" ? " " : $0 }))
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
}

/// `1,234.50 USD`, `-3 JPY`: the main unit with the currency's decimal places, then its code, which unlike a symbol is understood anywhere.
private func readable(_ money: Money) -> String {
    let digits = Array(String(money.amount.magnitude))
    let places = money.currency.exponent
    let padded = Array(repeating: "0" as Character, count: max(0, places + 1 - digits.count)) + digits
    let whole = padded.dropLast(places)
    var text = money.amount < 0 ? "-" : ""
    for (index, digit) in whole.enumerated() {
        if index > 0, (whole.count - index).isMultiple(of: 3) { text.append(",") }
        text.append(digit)
    }
    return text + (places > 0 ? "." + String(padded.suffix(places)) : "") + " " + money.currency.rawValue
}

/// The end of the sentence "We could not confirm your order, because …".
private func readable(_ reason: RejectionReason) -> String {
    switch reason {
    case .insufficientFunds: "there was not enough money in your account"
    case .currencyMismatch: "your account is kept in another currency"
    case .accountClosed: "your account is closed"
    }
}
