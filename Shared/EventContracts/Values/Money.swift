package import JSON

/// An amount of money: whole minor units (cents) of one currency, never a fraction of one.
///
/// Arithmetic refuses what would be wrong silently: overflow, and mixing currencies. In JSON it is `{"amount": 19999, "currency": "USD"}`,
/// both members required, the amount an integer.
package struct Money: Sendable, Hashable {
    /// Minor units; negative amounts are allowed here and refused where a rule says so.
    package let amount: Int64
    /// What the units are units of.
    package let currency: Currency

    /// - Parameter amount: minor units, so 19999 for 199.99 USD and 500 for 500 JPY.
    package init(amount: Int64, currency: Currency) {
        self.amount = amount
        self.currency = currency
    }

    /// Nothing, of a currency.
    package static func zero(_ currency: Currency) -> Money {
        Money(amount: 0, currency: currency)
    }

    /// Whether nothing is left.
    package var isZero: Bool { amount == 0 }

    /// Whether it is less than nothing.
    package var isNegative: Bool { amount < 0 }

    /// Whether it is more than nothing.
    package var isPositive: Bool { amount > 0 }
}

/// Why two amounts could not be reckoned together.
package enum MoneyError: Error, Hashable {
    /// The result has more minor units than 64 bits can count.
    case overflow
    /// The amounts are of two currencies.
    case currencyMismatch
}

extension Money {
    /// The sum.
    package func adding(_ other: Money) throws(MoneyError) -> Money {
        try checkCurrency(of: other)
        return try checked(amount.addingReportingOverflow(other.amount))
    }

    /// The difference; negative when `other` is more.
    package func subtracting(_ other: Money) throws(MoneyError) -> Money {
        try checkCurrency(of: other)
        return try checked(amount.subtractingReportingOverflow(other.amount))
    }

    /// So many times the amount: the price of a quantity.
    package func multiplied(by factor: Int64) throws(MoneyError) -> Money {
        try checked(amount.multipliedReportingOverflow(by: factor))
    }

    /// The same amount in the other direction.
    package func negated() throws(MoneyError) -> Money {
        try checked(Int64.zero.subtractingReportingOverflow(amount))
    }

    /// Whether this is less than `other`.
    package func isLess(than other: Money) throws(MoneyError) -> Bool {
        try checkCurrency(of: other)
        return amount < other.amount
    }

    /// The total of many amounts; zero of `currency` when there are none.
    package static func sum(_ amounts: some Sequence<Money>, in currency: Currency) throws(MoneyError) -> Money {
        var total = zero(currency)
        for amount in amounts { total = try total.adding(amount) }
        return total
    }

    private func checkCurrency(of other: Money) throws(MoneyError) {
        if other.currency != currency { throw .currencyMismatch }
    }

    private func checked(_ result: (partialValue: Int64, overflow: Bool)) throws(MoneyError) -> Money {
        if result.overflow { throw .overflow }
        return Money(amount: result.partialValue, currency: currency)
    }
}

extension Money: CustomStringConvertible {
    /// The amount in main units and the code: `199.99 USD`, `500 JPY`, `-0.05 EUR`; for mails and logs, without grouping or locale.
    package var formatted: String {
        let sign = amount < 0 ? "-" : ""
        let digits = String(amount.magnitude)
        guard currency.exponent > 0 else { return "\(sign)\(digits) \(currency)" }
        let padded = String(repeating: "0", count: max(0, currency.exponent + 1 - digits.count)) + digits
        return "\(sign)\(padded.dropLast(currency.exponent)).\(padded.suffix(currency.exponent)) \(currency)"
    }

    package var description: String { formatted }
}

extension Money: JSONEncodable, JSONDecodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { money in
            money.field("amount", amount)
            money.field("currency", currency.rawValue)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let fields = try JSONFields(json)
        self.init(amount: try fields.required("amount"), currency: try fields.required("currency"))
    }
}
