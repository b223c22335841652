import EventContracts
import HTTPTypes
import Hummingbird
import JSON
import Messaging
import NIOCore
import Postgres
import ServiceRuntime

/// The order service's HTTP interface, as openapi.yaml describes it.
struct OrderRoutes: Sendable {
    let postgres: PostgresPool
    let commands: IdempotentCommands
    let users: UserStore
    let orders: OrderStore
    let registerUser: RegisterUser
    let placeOrder: PlaceOrder
    let awaitDecision: AwaitDecision

    @Sendable func add(to router: ServiceRouter) {
        router.post("users", use: register)
        router.get("users/{id}", use: showUser)
        router.post("orders", use: place)
        router.get("orders", use: list)
        router.get("orders/{id}", use: showOrder)
    }

    @Sendable private func register(_ request: Request, context: ServiceRequestContext) async throws -> CommandOutcome {
        let registration = try RegisterUserRequest(request, context)
        return try await commands.run(request, context) { transaction in
            do {
                let user = try await registerUser(
                    email: registration.email,
                    name: registration.name,
                    currency: registration.currency,
                    causedBy: .currentRequest,
                    in: transaction
                )
                return JSONResponse(.created, user, headers: [.location: "/users/\(user.id)"])
            } catch is EmailTaken {
                throw Problem.emailTaken()
            }
        }
    }

    @Sendable private func showUser(_ request: Request, context: ServiceRequestContext) async throws -> JSONResponse {
        let id = try context.pathID("id", as: UserID.self)
        guard let user = try users.decode(try await postgres.query(users.find(id))) else {
            throw Problem.notFound("There is no such user.")
        }
        return JSONResponse(.ok, user)
    }

    @Sendable private func place(_ request: Request, context: ServiceRequestContext) async throws -> Response {
        let newOrder = try NewOrder(request, context)
        let outcome = try await commands.run(request, context) { transaction in
            do {
                let order = try await placeOrder(newOrder, causedBy: .currentRequest, in: transaction)
                return JSONResponse(.created, order, headers: [.location: "/orders/\(order.id)"])
            } catch is UnknownUser {
                throw Problem.notFound("There is no such user.")
            } catch let conflict as NewOrder.PriceConflict {
                throw Problem.validation(conflict.pointer, conflict.detail)
            }
        }
        guard let wait = Preference.wait(request.headers) else { return outcome.response }
        return try await withDecision(outcome, within: wait)
    }

    /// The answer of a placed order, held until it is final: the same headers, the newer body.
    private func withDecision(_ outcome: CommandOutcome, within wait: Duration) async throws -> Response {
        var outcome = outcome
        guard let id = try? OrderID(JSONValue(parsing: outcome.answer.body)["id"]?.stringValue ?? ""),
            let order = try await awaitDecision(id, within: wait)
        else { return outcome.response }
        var answer = JSONResponse(outcome.answer.status, order, headers: outcome.answer.headers)
        answer.headers[.preferenceApplied] = Preference.applied(wait: wait)
        outcome = CommandOutcome(answer: answer, isReplay: outcome.isReplay)
        return outcome.response
    }

    @Sendable private func showOrder(_ request: Request, context: ServiceRequestContext) async throws -> Response {
        let id = try context.pathID("id", as: OrderID.self)
        let wait = Preference.wait(request.headers)
        guard let order = try await awaitDecision(id, within: wait ?? .zero) else { throw Problem.notFound("There is no such order.") }
        if OrderEventStream.isWanted(request.headers) {
            return OrderEventStream(order: order, awaitDecision: awaitDecision).response
        }
        var response = JSONResponse(.ok, order)
        if let wait { response.headers[.preferenceApplied] = Preference.applied(wait: wait) }
        return response.response
    }

    @Sendable private func list(_ request: Request, context: ServiceRequestContext) async throws -> JSONResponse {
        let (filter, limit) = try OrderStore.Filter.page(request, context)
        let found = try orders.decode(try await postgres.query(orders.list(filter)))
        return JSONResponse(
            .ok,
            Page(found: found, limit: limit, list: "orders") { Cursor(time: $0.createdAt, id: $0.id.uuid) }
        )
    }
}

extension NewOrder.PriceConflict {
    /// The field that is at fault.
    var pointer: String {
        switch self {
        case .mixedCurrencies(let item): "/items/\(item)/unit_price/currency"
        case .totalTooLarge: "/items"
        case .priceIsNotTheTotal: "/price"
        }
    }

    /// What is wrong with it.
    var detail: String {
        switch self {
        case .mixedCurrencies: "must be the currency of the other items"
        case .totalTooLarge: "must have a total of at most \(NewOrder.maximumPrice)"
        case .priceIsNotTheTotal(let total): "must be the items' total, \(total.amount) \(total.currency.rawValue)"
        }
    }
}
