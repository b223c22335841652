package import JSON

/// A currency that is in use: an alphabetic code of ISO 4217.
package struct Currency: RawRepresentable, Sendable, Hashable {
    /// Three upper-case letters.
    package let rawValue: String

    /// How many decimal places separate the main unit from the minor one: 2 for USD, 0 for JPY, 3 for KWD.
    package let exponent: Int

    /// The currency of a code, or `nil` when the list does not have it.
    package init?(rawValue: String) {
        guard let exponent = Self.exponents[rawValue] else { return nil }
        self.init(rawValue, exponent: exponent)
    }

    private init(_ rawValue: String, exponent: Int) {
        self.rawValue = rawValue
        self.exponent = exponent
    }

    /// United States dollar, counted in cents: what is meant when a new user names no currency.
    package static let usd = Currency("USD", exponent: 2)

    /// Euro, counted in cents.
    package static let eur = Currency("EUR", exponent: 2)

    /// Yen, which has no minor unit.
    package static let jpy = Currency("JPY", exponent: 0)

    package static func == (left: Currency, right: Currency) -> Bool {
        left.rawValue == right.rawValue
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}

extension Currency: CaseIterable {
    /// Every currency of the list, in alphabetical order.
    package static let allCases: [Currency] = exponents.map { Currency($0.key, exponent: $0.value) }.sorted { $0.rawValue < $1.rawValue }
}

extension Currency: CustomStringConvertible {
    /// The code.
    package var description: String { rawValue }
}

extension Currency: JSONEncodable, JSONDecodable {
    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .string(let code) = json, let currency = Currency(rawValue: code) else {
            throw JSONDecodingError("must be an ISO 4217 currency code in upper case")
        }
        self = currency
    }
}
