import EventContracts
import JSON
import Testing

@Suite("Money")
struct MoneyTests {
    private let one = Money(amount: 1, currency: .usd)
    private let most = Money(amount: .max, currency: .usd)
    private let least = Money(amount: .min, currency: .usd)

    @Test("Amounts of one currency are reckoned exactly")
    func reckons() throws {
        let price = Money(amount: 19_999, currency: .usd)
        #expect(try price.adding(one).amount == 20_000)
        #expect(try price.subtracting(one).amount == 19_998)
        #expect(try one.subtracting(price).isNegative)
        #expect(try price.multiplied(by: 3).amount == 59_997)
        #expect(try price.negated() == Money(amount: -19_999, currency: .usd))
        #expect(try one.isLess(than: price))
        #expect(try !price.isLess(than: price))
        #expect(try Money.sum([price, one, one], in: .usd).amount == 20_001)
        #expect(try Money.sum([], in: .jpy) == .zero(.jpy))
        #expect(try most.adding(least).amount == -1)
        #expect(Money.zero(.usd).isZero && one.isPositive && !one.isNegative)
    }

    @Test("What does not fit is refused")
    func refusesOverflow() {
        #expect(throws: MoneyError.overflow) { try most.adding(one) }
        #expect(throws: MoneyError.overflow) { try least.subtracting(one) }
        #expect(throws: MoneyError.overflow) { try most.multiplied(by: 2) }
        #expect(throws: MoneyError.overflow) { try least.multiplied(by: -1) }
        #expect(throws: MoneyError.overflow) { try least.negated() }
        #expect(throws: MoneyError.overflow) { try Money.sum([most, one], in: .usd) }
        #expect(throws: MoneyError.overflow) { try LineItem(sku: "x", quantity: 2, unitPrice: most).price() }
    }

    @Test("Two currencies are never reckoned together, not even nothing of one")
    func refusesMixing() {
        let yen = Money.zero(.jpy)
        #expect(throws: MoneyError.currencyMismatch) { try one.adding(yen) }
        #expect(throws: MoneyError.currencyMismatch) { try one.subtracting(yen) }
        #expect(throws: MoneyError.currencyMismatch) { try one.isLess(than: yen) }
        #expect(throws: MoneyError.currencyMismatch) { try Money.sum([one], in: .jpy) }
        #expect(one != Money(amount: 1, currency: .eur))
    }

    @Test(
        "Amounts are shown in main units, with the places of their currency",
        arguments: [
            (19_999, "USD", "199.99 USD"), (500, "JPY", "500 JPY"), (-5, "EUR", "-0.05 EUR"), (0, "USD", "0.00 USD"),
            (1_234, "KWD", "1.234 KWD"),
            (7, "CLF", "0.0007 CLF"), (Int64.min, "USD", "-92233720368547758.08 USD"), (-3, "JPY", "-3 JPY"), (100, "USD", "1.00 USD"),
        ]
    )
    func formats(amount: Int64, code: String, expected: String) throws {
        let money = Money(amount: amount, currency: try #require(Currency(rawValue: code)))
        #expect(money.formatted == expected)
        #expect(money.description == expected)
    }

    @Test("In JSON it is an integer of minor units and a code")
    func encodes() throws {
        #expect(String(decoding: jsonBytes(Money(amount: -1, currency: .eur)), as: UTF8.self) == #"{"amount":-1,"currency":"EUR"}"#)
        #expect(try Money(json: ["currency": "JPY", "amount": 500, "note": nil]) == Money(amount: 500, currency: .jpy))
    }

    @Test(
        "JSON that is not exactly that is refused, with the field",
        arguments: [
            ("1", "", "must be an object"), (#"{"currency":"USD"}"#, "/amount", "is required"),
            (#"{"amount":1}"#, "/currency", "is required"),
            (#"{"amount":1.5,"currency":"USD"}"#, "/amount", "must be an integer"),
            (#"{"amount":1.0,"currency":"USD"}"#, "/amount", "must be an integer"),
            (#"{"amount":"1","currency":"USD"}"#, "/amount", "must be an integer"),
            (#"{"amount":null,"currency":"USD"}"#, "/amount", "must be an integer"),
            (#"{"amount":9223372036854775808,"currency":"USD"}"#, "/amount", "must be an integer"),
            (#"{"amount":1e3,"currency":"USD"}"#, "/amount", "must be an integer"),
            (#"{"amount":1,"currency":"usd"}"#, "/currency", "must be an ISO 4217 currency code in upper case"),
            (#"{"amount":1,"currency":"XXX"}"#, "/currency", "must be an ISO 4217 currency code in upper case"),
            (#"{"amount":1,"currency":840}"#, "/currency", "must be an ISO 4217 currency code in upper case"),
        ]
    )
    func refusesJSON(text: String, pointer: String, detail: String) throws {
        let json = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: JSONDecodingError(pointer: pointer, detail: detail)) { try Money(json: json) }
    }
}

@Suite("Currencies")
struct CurrencyTests {
    @Test(
        "The list has what is in use",
        arguments: [("USD", 2), ("EUR", 2), ("JPY", 0), ("BHD", 3), ("UYW", 4), ("ZWG", 2), ("XOF", 0), ("CHF", 2)]
    )
    func knows(code: String, exponent: Int) {
        #expect(Currency(rawValue: code)?.exponent == exponent)
    }

    @Test(
        "What is not a currency in use is refused",
        arguments: ["", "usd", "US", "USDX", "XXX", "XTS", "XAU", "DEM", "HRK", "ZWL", "BGN", "US\u{0}", "ＵＳＤ"]
    )
    func refuses(code: String) {
        #expect(Currency(rawValue: code) == nil)
    }

    @Test("Every code of the list is three capital letters, and comes once")
    func isWellFormed() {
        #expect(Set(Currency.allCases).count == Currency.allCases.count)
        for currency in Currency.allCases {
            #expect(currency.rawValue.utf8.count == 3)
            #expect(currency.rawValue.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
            #expect(Currency(rawValue: currency.rawValue) == currency)
        }
    }

    @Test("The named ones are in the list, with the same places", arguments: [Currency.usd, .eur, .jpy])
    func agreesWithList(currency: Currency) {
        #expect(Currency(rawValue: currency.rawValue)?.exponent == currency.exponent)
    }
}
