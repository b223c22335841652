package import EventContracts

/// What a customer asks for. Currencies may be left out and then mean the user's.
package struct NewOrder: Sendable, Equatable {
    /// An amount whose currency may have been left out.
    package struct Amount: Sendable, Equatable {
        package let amount: Int64
        package let currency: Currency?

        package init(amount: Int64, currency: Currency?) {
            self.amount = amount
            self.currency = currency
        }

        func money(in currency: Currency) -> Money {
            Money(amount: amount, currency: self.currency ?? currency)
        }
    }

    /// One line of an order.
    package struct Item: Sendable, Equatable {
        package let sku: String
        package let quantity: Int64
        package let unitPrice: Amount

        package init(sku: String, quantity: Int64, unitPrice: Amount) {
            self.sku = sku
            self.quantity = quantity
            self.unitPrice = unitPrice
        }
    }

    package let userID: UserID
    package let price: Amount?
    package let items: [Item]

    package init(userID: UserID, price: Amount?, items: [Item]) {
        self.userID = userID
        self.price = price
        self.items = items
    }

    /// Price and items do not fit together.
    package enum PriceConflict: Error, Equatable {
        /// Items in several currencies have no total.
        case mixedCurrencies(item: Int)
        /// The total does not fit into a price.
        case totalTooLarge
        /// The price is not the items' total.
        case priceIsNotTheTotal(Money)
    }

    /// The largest price, in minor units: 10,000,000,000.00.
    package static let maximumPrice: Int64 = 1_000_000_000_000

    /// The price and items in full. Without a price, it is the items' total; with both, they must agree.
    ///
    /// - Precondition: There is a price or an item; the request was validated.
    /// - Throws: ``PriceConflict``.
    package func priced(in currency: Currency) throws(PriceConflict) -> (Money, [LineItem]) {
        let lines = items.map { item in
            LineItem(sku: item.sku, quantity: item.quantity, unitPrice: item.unitPrice.money(in: currency))
        }
        guard let first = lines.first else {
            guard let price else { preconditionFailure("an order without a price and without items was not refused") }
            return (price.money(in: currency), [])
        }
        var total = Money(amount: 0, currency: first.unitPrice.currency)
        for (index, line) in lines.enumerated() {
            guard line.unitPrice.currency == total.currency else { throw .mixedCurrencies(item: index) }
            do {
                total = try total.adding(try line.unitPrice.multiplied(by: line.quantity))
            } catch {
                throw .totalTooLarge
            }
        }
        guard total.amount <= Self.maximumPrice else { throw .totalTooLarge }
        if let price, price.money(in: total.currency) != total { throw .priceIsNotTheTotal(total) }
        return (total, lines)
    }
}
