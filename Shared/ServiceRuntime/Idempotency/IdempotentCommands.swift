package import Hummingbird
package import Postgres

/// Runs commands (POST) in a transaction, once for each `Idempotency-Key`.
///
/// The answer is stored in the transaction of the effect, so there is never one without the other. A repeat with the same key and the same
/// request gets the stored answer and `Idempotency-Replayed: true`; with another request, 422; while the first still runs, 409. Only answers
/// whose effect was committed are stored: a thrown problem rolls everything back, is not remembered, and its key is free again. Stored answers
/// are good for 24 h.
///
/// Cost: without a key none. With one, a round trip before the command, for the lock and the look; the answer itself travels with COMMIT.
package struct IdempotentCommands: Sendable {
    private let postgres: PostgresPool

    /// How long a stored answer is given again.
    package static let lifetime: Duration = .seconds(24 * 60 * 60)

    package init(postgres: PostgresPool) {
        self.postgres = postgres
    }

    /// Runs a command.
    ///
    /// - Parameters:
    ///   - scope: What the key is unique in, beside the caller: by default the route's template.
    ///   - caller: Who asks. There are no tokens yet, so everybody is one caller.
    ///   - perform: The command, in the transaction. It may run again after a failure, so it touches nothing but the transaction.
    /// - Returns: The command's answer, new or stored.
    /// - Throws: ``Problem``: 422 for a key that is none or was used for another request, 409 for one in use; what `perform` throws;
    ///   ``Postgres/PostgresError``.
    package func run(
        _ request: Request,
        _ context: ServiceRequestContext,
        scope: String? = nil,
        caller: String = "anonymous",
        perform: (borrowing Transaction) async throws -> JSONResponse
    ) async throws -> CommandOutcome {
        guard let key = try IdempotencyKey(request.headers) else {
            let answer = try await postgres.withTransaction { (transaction: borrowing Transaction) in try await perform(transaction) }
            return CommandOutcome(answer: answer, isReplay: false)
        }
        let place = (scope ?? "\(request.method) \(context.route ?? request.uri.path)") + " " + caller
        let content = Self.content(of: request, context)
        return try await postgres.withTransaction { (transaction: borrowing Transaction) in
            let (fingerprint, stored) = try await Self.claim(key, in: place, content, transaction)
            if let stored { return CommandOutcome(answer: stored, isReplay: true) }
            let answer = try await perform(transaction)
            StoredAnswer.store(answer, key: key, scope: place, fingerprint: fingerprint, in: transaction)
            return CommandOutcome(answer: answer, isReplay: false)
        }
    }

    /// Takes the key for this transaction, and looks for a stored answer, in one round trip.
    ///
    /// The lock is given back when the transaction ends, after its row has become visible. Whoever gets the lock therefore sees the row; whoever
    /// does not get it does not wait for it, so that repeats cannot fill the pool.
    private static func claim(
        _ key: IdempotencyKey,
        in scope: String,
        _ content: [UInt8],
        _ transaction: borrowing Transaction
    ) async throws -> (fingerprint: [UInt8], stored: JSONResponse?) {
        let rows = try await transaction.query([
            """
            SELECT pg_try_advisory_xact_lock(hashtextextended(\(scope) || ' ' || \(key.text), 0)), sha256(\(content))
            """,
            """
            SELECT fingerprint, status, headers, body FROM messaging.idempotency_keys
            WHERE scope = \(scope) AND key = \(key.text) AND created_at > now() - \(lifetime.components.seconds) * interval '1 second'
            """,
        ])
        guard let (isFree, fingerprint) = try rows[0].decode(Bool.self, [UInt8].self).first, isFree else {
            throw Problem.idempotencyKeyInUse()
        }
        guard let row = rows[1].first else { return (fingerprint, nil) }
        let (known, status, headers, body) = try row.decode([UInt8].self, Int32.self, String.self, [UInt8].self)
        guard known == fingerprint else { throw Problem.idempotencyKeyReused() }
        return (fingerprint, try StoredAnswer.answer(status: Int(status), headers: headers, body: body))
    }

    /// What makes two requests the same: method, path with query, and body, byte by byte.
    private static func content(of request: Request, _ context: ServiceRequestContext) -> [UInt8] {
        var bytes = Array("\(request.method) \(request.uri.string)\n".utf8)
        bytes.append(contentsOf: context.body.readableBytesView)
        return bytes
    }
}

/// What a command answered, and whether it was done now or before.
package struct CommandOutcome: Sendable, Equatable, ResponseGenerator {
    /// The answer, without the mark of a replay.
    package let answer: JSONResponse
    /// Whether the effect came from an earlier request.
    package let isReplay: Bool

    package init(answer: JSONResponse, isReplay: Bool) {
        self.answer = answer
        self.isReplay = isReplay
    }

    /// The answer as it is sent.
    package var response: Response {
        var response = answer.response
        if isReplay { response.headers[.idempotencyReplayed] = "true" }
        return response
    }

    package func response(from request: Request, context: some RequestContext) -> Response {
        response
    }
}
