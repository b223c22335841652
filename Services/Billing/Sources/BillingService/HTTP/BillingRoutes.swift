import EventContracts
import HTTPTypes
import Hummingbird
import Messaging
import Postgres
import ServiceRuntime

/// The billing service's HTTP interface, as openapi.yaml describes it.
struct BillingRoutes: Sendable {
    let postgres: PostgresPool
    let commands: IdempotentCommands
    let accounts: AccountStore
    let deposit: DepositMoney
    let withdraw: WithdrawMoney

    @Sendable func add(to router: ServiceRouter) {
        router.get("accounts/{user_id}", use: show)
        router.post("accounts/{user_id}/deposits", use: deposit)
        router.post("accounts/{user_id}/withdrawals", use: withdraw)
        router.get("accounts/{user_id}/entries", use: entries)
    }

    @Sendable private func show(_ request: Request, context: ServiceRequestContext) async throws -> JSONResponse {
        let user = try context.pathID("user_id", as: UserID.self)
        guard let account = try await account(of: user) else { throw Problem.accountNotFound() }
        return JSONResponse(.ok, account)
    }

    /// From the projection, or, while that is being rebuilt, from the facts.
    private func account(of user: UserID) async throws -> Account? {
        if let account = try accounts.decode(try await postgres.query(accounts.find(user))).first { return account }
        return try await postgres.withTransaction { transaction in try await accounts.replay([user], in: transaction).first }
    }

    @Sendable private func deposit(_ request: Request, context: ServiceRequestContext) async throws -> CommandOutcome {
        let user = try context.pathID("user_id", as: UserID.self)
        let money = try MoneyRequest(request, context)
        return try await answering(request, context) { transaction in
            try await deposit(money.amount, money.currency, on: user, causedBy: .currentRequest, in: transaction)
        }
    }

    @Sendable private func withdraw(_ request: Request, context: ServiceRequestContext) async throws -> CommandOutcome {
        let user = try context.pathID("user_id", as: UserID.self)
        let money = try MoneyRequest(request, context)
        return try await answering(request, context) { transaction in
            try await withdraw(money.amount, money.currency, from: user, causedBy: .currentRequest, in: transaction)
        }
    }

    @Sendable private func entries(_ request: Request, context: ServiceRequestContext) async throws -> JSONResponse {
        let user = try context.pathID("user_id", as: UserID.self)
        let page = try EntryPage(request, context)
        let found = try accounts.decodeEntries(
            try await postgres.query(accounts.entries(of: user, before: page.before, limit: page.limit + 1))
        )
        // Every account has its opening, so an empty first page is no account.
        if found.isEmpty && page.before == .max { throw Problem.accountNotFound() }
        return JSONResponse(.ok, Page(found: found, limit: page.limit, list: "entries", cursor: EntryPage.cursor))
    }

    /// Runs a command that makes an entry, and says why if the account refuses.
    private func answering(
        _ request: Request,
        _ context: ServiceRequestContext,
        _ command: (borrowing Transaction) async throws -> Entry
    ) async throws -> CommandOutcome {
        try await commands.run(request, context) { transaction in
            do {
                return JSONResponse(.created, try await command(transaction))
            } catch is AccountNotFound {
                throw Problem.accountNotFound()
            } catch let refusal as AccountRefusal {
                throw refusal.problem
            }
        }
    }
}

extension AccountRefusal {
    /// What the client is told.
    var problem: Problem {
        switch self {
        case .insufficientFunds(let balance):
            .insufficientFunds("The balance is \(balance.formatted).")
        case .currencyMismatch(let currency):
            .validation("/amount/currency", "must be \(currency.rawValue), the account's currency")
        case .closed:
            .conflict("The account is closed.")
        case .balanceTooLarge:
            .conflict("The balance would be larger than the largest that an account can hold.")
        }
    }
}
