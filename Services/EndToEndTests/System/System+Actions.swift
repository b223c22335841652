import EventContracts
import Foundation
import JSON
import ServiceTesting
import Testing

/// Someone who was registered by a test.
struct Customer: Sendable {
    let id: String
    let email: String
    let name: String
}

/// Money as the API writes it, in US dollars.
func usd(_ amount: Int64) -> JSONValue {
    ["amount": .integer(amount), "currency": "USD"]
}

/// What clients do, with the assertions that hold whenever they do it.
extension System {
    /// Registers somebody new.
    func register(name: String = "Anna") async throws -> Customer {
        let email = "\(UserID())@example.com"
        let answer = try await order.send(.post("/users", ["email": .string(email), "name": .string(name)]))
        try #require(answer.status == 201, "\(answer)")
        return Customer(id: try #require(answer["id"].stringValue), email: email, name: name)
    }

    /// Registers somebody new and returns when there is an account, with this much money on it.
    func registerWithAccount(holding amount: Int64) async throws -> Customer {
        let customer = try await register()
        _ = try await account(of: customer)
        if amount > 0 { try await deposit(amount, for: customer) }
        return customer
    }

    func deposit(_ amount: Int64, for customer: Customer) async throws {
        let answer = try await billing.send(.post("/accounts/\(customer.id)/deposits", ["amount": usd(amount)]))
        try #require(answer.status == 201, "\(answer)")
    }

    /// The account, as soon as there is one.
    func account(of customer: Customer) async throws -> JSONValue {
        // Optionals by name: a bare `nil` would be JSON's null.
        try await eventually(within: .seconds(30), "the account of \(customer.id)") { () -> JSONValue? in
            let answer = try await billing.send(.get("/accounts/\(customer.id)"))
            return answer.status == 200 ? Optional(answer.json) : nil
        }
    }

    /// Minor units.
    func balance(of customer: Customer) async throws -> Int64 {
        try #require(try await account(of: customer)["balance"]?["amount"]?.integerValue)
    }

    /// Places an order and does not wait for what becomes of it.
    func place(_ amount: Int64, for customer: Customer, _ headers: [String: String] = [:]) async throws -> HTTPAnswer {
        try await order.send(.post("/orders", ["user_id": .string(customer.id), "price": usd(amount)], headers))
    }

    /// Places an order and returns its id.
    func placeOrder(_ amount: Int64, for customer: Customer) async throws -> String {
        let answer = try await place(amount, for: customer)
        try #require(answer.status == 201, "\(answer)")
        return try #require(answer["id"].stringValue)
    }

    /// The order as soon as it is final.
    func finalOrder(_ id: String, within limit: Duration = .seconds(60)) async throws -> JSONValue {
        try await eventually(within: limit, "the order \(id) is final") { () -> JSONValue? in
            let answer = try await order.send(.get("/orders/\(id)", ["Prefer": "wait=20"]))
            return answer.status == 200 && answer["status"] != "pending" ? Optional(answer.json) : nil
        }
    }

    /// All items of a list, page by page, as the service orders them.
    func items(_ service: ServiceUnderTest, _ path: String) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var cursor = ""
        for _ in 0..<1_000 {
            let target = path + (path.contains("?") ? "&" : "?") + "limit=200" + cursor
            let page = try await service.send(.get(target))
            try #require(page.status == 200, "\(page)")
            items += page["items"].arrayValue ?? []
            guard let next = page["next_cursor"].stringValue else { return items }
            cursor = "&cursor=\(next)"
        }
        throw WorldFailure("the list \(path) does not end")
    }

    /// The messages about an order, as soon as all there are have been sent, and at least one.
    func sentMessages(aboutOrder id: String, within limit: Duration = .seconds(60)) async throws -> [JSONValue] {
        try await eventually(within: limit, "the message about the order \(id)") {
            let found = try await items(notification, "/messages?order_id=\(id)")
            return !found.isEmpty && found.allSatisfy { $0["status"] == "sent" } ? found : nil
        }
    }
}

/// Does something for many at once, and returns the results in the order of the elements.
func concurrently<Element: Sendable, Value: Sendable>(
    _ elements: some Collection<Element>,
    atMost width: Int = 20,
    _ body: @escaping @Sendable (Element) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
        var results: [Int: Value] = [:]
        for (index, element) in elements.enumerated() {
            if index >= width, let (done, value) = try await group.next() { results[done] = value }
            group.addTask { (index, try await body(element)) }
        }
        for try await (index, value) in group { results[index] = value }
        return results.sorted { $0.key < $1.key }.map(\.value)
    }
}
