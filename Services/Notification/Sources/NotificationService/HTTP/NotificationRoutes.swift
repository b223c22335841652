import EventContracts
import HTTPTypes
import Hummingbird
import Messaging
import Postgres
import ServiceRuntime

/// The notification service's HTTP interface, as openapi.yaml describes it.
struct NotificationRoutes: Sendable {
    let postgres: PostgresPool
    let commands: IdempotentCommands
    let messages: MessageStore
    let sendDirectMessage: SendDirectMessage

    @Sendable func add(to router: ServiceRouter) {
        router.get("messages", use: list)
        router.get("messages/{id}", use: show)
        router.post("messages", use: send)
    }

    @Sendable private func list(_ request: Request, context: ServiceRequestContext) async throws -> JSONResponse {
        let (filter, limit) = try MessageStore.Filter.page(request, context)
        let found = try messages.decode(try await postgres.query(messages.list(filter)))
        return JSONResponse(
            .ok,
            Page(found: found, limit: limit, list: "messages") { Cursor(time: $0.createdAt, id: $0.id.uuid) }
        )
    }

    @Sendable private func show(_ request: Request, context: ServiceRequestContext) async throws -> JSONResponse {
        let id = try context.pathID("id", as: MessageID.self)
        guard let message = try messages.decode(try await postgres.query(messages.find(id))).first else {
            throw Problem.notFound("There is no such message.")
        }
        return JSONResponse(.ok, message)
    }

    @Sendable private func send(_ request: Request, context: ServiceRequestContext) async throws -> CommandOutcome {
        let direct = try DirectMessageRequest(request, context)
        return try await commands.run(request, context) { transaction in
            do {
                let message = try await sendDirectMessage(
                    to: direct.userID,
                    subject: direct.subject,
                    body: direct.body,
                    causedBy: .currentRequest,
                    in: transaction
                )
                return JSONResponse(.accepted, message, headers: [.location: "/messages/\(message.id)"])
            } catch is UnknownRecipient {
                throw Problem.notFound("There is no such user.")
            }
        }
    }
}
