package import EventContracts
import JSON

/// Money as a client writes it: the currency may be left out, and then means the account's.
package struct RequestedMoney: Sendable, Hashable {
    /// Minor units.
    package let amount: Int64
    /// `nil` when the client named none.
    package let currency: Currency?

    package init(amount: Int64, currency: Currency?) {
        self.amount = amount
        self.currency = currency
    }

    /// The money in a currency that is known now; `nil` when the client named another one.
    package func money(in known: Currency) -> Money? {
        guard currency == nil || currency == known else { return nil }
        return Money(amount: amount, currency: known)
    }

    /// The money, in a fallback's currency when the client named none.
    package func money(orIn fallback: Currency) -> Money {
        Money(amount: amount, currency: currency ?? fallback)
    }
}

extension FieldReader {
    /// A whole number within a range. `1.0` and `1e3` are not whole numbers here, and nothing is rounded.
    package func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64 {
        required(name, standIn: range.lowerBound) { Self.integer($0, in: range) }
    }

    /// A whole number that may be left out.
    package func optionalInteger(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        optional(name) { Self.integer($0, in: range) }
    }

    /// A typed identifier: a UUID in its canonical form.
    package func id<ID: TypedID>(_ name: String, as type: ID.Type = ID.self) -> ID {
        required(name, standIn: ID()) { value in
            if case .string(let text) = value, let id = ID(text) { return .success(id) }
            return .failure(FieldRejection("must be a UUID"))
        }
    }

    /// A currency that may be left out.
    package func optionalCurrency(_ name: String) -> Currency? {
        optional(name, Self.currency)
    }

    /// Money with an amount within a range, in minor units; by default more than nothing and at most a trillion.
    package func money(_ name: String, amount range: ClosedRange<Int64> = Self.positiveAmounts) -> RequestedMoney {
        required(name, standIn: RequestedMoney(amount: range.lowerBound, currency: nil)) { Self.money($0, in: range) }
    }

    /// Money that may be left out.
    package func optionalMoney(_ name: String, amount range: ClosedRange<Int64> = Self.positiveAmounts) -> RequestedMoney? {
        optional(name) { Self.money($0, in: range) }
    }

    /// 1 to 1,000,000,000,000 minor units: enough for any order, and far enough from `Int64.max` for millions of them to be added.
    package static let positiveAmounts: ClosedRange<Int64> = 1...1_000_000_000_000

    private static func integer(_ value: JSONValue, in range: ClosedRange<Int64>) -> Result<Int64, FieldRejection> {
        guard case .integer(let number) = value else { return .failure(FieldRejection("must be an integer")) }
        if range.contains(number) { return .success(number) }
        if range.lowerBound == 1, number < 1 { return .failure(FieldRejection("must be positive")) }
        return .failure(FieldRejection("must be from \(range.lowerBound) to \(range.upperBound)"))
    }

    private static func currency(_ value: JSONValue) -> Result<Currency, FieldRejection> {
        if case .string(let code) = value, let currency = Currency(rawValue: code) { return .success(currency) }
        return .failure(FieldRejection("must be an ISO 4217 currency code in upper case"))
    }

    private static func money(_ value: JSONValue, in range: ClosedRange<Int64>) -> Result<RequestedMoney, FieldRejection> {
        guard case .object(let fields) = value else { return .failure(FieldRejection("must be an object with amount and currency")) }
        guard let amount = fields["amount"], !amount.isNull else { return .failure(FieldRejection("is required", at: "/amount")) }
        let checked = integer(amount, in: range).mapError { FieldRejection($0.detail, at: "/amount") }
        guard let code = fields["currency"], !code.isNull else { return checked.map { RequestedMoney(amount: $0, currency: nil) } }
        return checked.flatMap { amount in
            currency(code).mapError { FieldRejection($0.detail, at: "/currency") }.map { RequestedMoney(amount: amount, currency: $0) }
        }
    }
}
