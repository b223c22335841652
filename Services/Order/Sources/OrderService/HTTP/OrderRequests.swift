import EventContracts
import Hummingbird
import ServiceRuntime

/// `POST /users`.
struct RegisterUserRequest {
    let email: String
    let name: String
    let currency: Currency

    init(_ request: Request, _ context: ServiceRequestContext) throws {
        self = try context.fields(of: request) { fields in
            RegisterUserRequest(
                email: fields.email("email"),
                name: fields.string("name", length: 1...200),
                currency: fields.optionalCurrency("currency") ?? .usd
            )
        }
    }

    private init(email: String, name: String, currency: Currency) {
        self.email = email
        self.name = name
        self.currency = currency
    }
}

extension NewOrder {
    /// `POST /orders`.
    init(_ request: Request, _ context: ServiceRequestContext) throws {
        self = try context.fields(of: request) { fields in
            let userID = fields.id("user_id", as: UserID.self)
            let price = fields.optionalMoney("price").map { Amount(amount: $0.amount, currency: $0.currency) }
            let items = fields.has("items") ? fields.array("items", count: 1...100, of: Self.item) : []
            if !fields.has("price") && !fields.has("items") { fields.fail("price", "is required when there are no items") }
            return NewOrder(userID: userID, price: price, items: items)
        }
    }

    private static func item(_ fields: FieldReader) -> Item {
        let price = fields.money("unit_price")
        return Item(
            sku: fields.string("sku", length: 1...100),
            quantity: fields.integer("quantity", in: 1...1_000_000),
            unitPrice: Amount(amount: price.amount, currency: price.currency)
        )
    }
}

extension OrderStore.Filter {
    /// `GET /orders`. One more than a page holds: the extra one says that there is more.
    static func page(_ request: Request, _ context: ServiceRequestContext) throws -> (filter: OrderStore.Filter, limit: Int) {
        try context.query(of: request) { query in
            let limit = query.limit()
            return (
                OrderStore.Filter(
                    userID: query.id("user_id"),
                    status: query.choice("status"),
                    before: query.cursor(of: "orders").map { OrderID(uuid: $0.id) },
                    limit: limit + 1
                ), limit
            )
        }
    }
}
