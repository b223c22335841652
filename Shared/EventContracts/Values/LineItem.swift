package import JSON

/// One line of an order: how many of what, at which price each.
package struct LineItem: Sendable, Hashable {
    /// What is ordered, in the shop's own code.
    package let sku: String
    /// How many; whoever accepts an order sees to it that there is at least one.
    package let quantity: Int64
    /// What one costs.
    package let unitPrice: Money

    /// One line of an order.
    package init(sku: String, quantity: Int64, unitPrice: Money) {
        self.sku = sku
        self.quantity = quantity
        self.unitPrice = unitPrice
    }

    /// The price of the line.
    ///
    /// - Throws: `MoneyError.overflow`.
    package func price() throws(MoneyError) -> Money {
        try unitPrice.multiplied(by: quantity)
    }
}

extension LineItem: JSONEncodable, JSONDecodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { item in
            item.field("sku", sku)
            item.field("quantity", quantity)
            item.field("unit_price", unitPrice)
        }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        let fields = try JSONFields(json)
        self.init(sku: try fields.required("sku"), quantity: try fields.required("quantity"), unitPrice: try fields.required("unit_price"))
    }
}
