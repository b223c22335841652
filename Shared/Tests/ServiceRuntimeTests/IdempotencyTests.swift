import HTTPTypes
import Hummingbird
import JSON
import Logging
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite(.enabled(if: TestDatabase.isAvailable), .timeLimit(.minutes(2))) struct IdempotencyTests {
    /// The table as the messaging module's migrations make it, and one for effects.
    private static let migrator = Migrator(
        set: "test",
        migrations: [
            Migration(
                name: "0001-test",
                sql: """
                    CREATE SCHEMA messaging;
                    CREATE TABLE messaging.idempotency_keys (
                        scope text NOT NULL, key text NOT NULL, fingerprint bytea NOT NULL, status integer NOT NULL, headers text NOT NULL,
                        body bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (scope, key)
                    );
                    CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL);
                    """
            )
        ]
    )

    private func withService(
        _ body: (TestService, PostgresPool) async throws -> Void,
        meanwhile: @escaping @Sendable () async throws -> Void = {}
    ) async throws {
        try await TestDatabase.with(migrators: [Self.migrator]) { database in
            let pool = database.pool
            let commands = IdempotentCommands(postgres: pool)
            let service = TestService { router in
                for path: RouterPath in ["/things", "/others"] {
                    router.post(path) { request, context in
                        let name = try context.fields(of: request) { $0.string("name", length: 1...100) }
                        return try await commands.run(request, context) { transaction in
                            let id = try await transaction.query("INSERT INTO effects (name) VALUES (\(name)) RETURNING id")[0].decode(
                                Int64.self,
                                at: 0
                            )
                            try await meanwhile()
                            if name == "conflict" { throw Problem.conflict("It is not allowed.") }
                            return JSONResponse(.created, id, headers: [.location: "/things/\(id)", .vary: "a", .acceptRanges: "ü \"x\""])
                        }
                    }
                }
            }
            try await body(service, pool)
        }
    }

    private func effects(_ pool: PostgresPool) async throws -> Int64 {
        try await pool.query("SELECT count(*) FROM effects")[0].decode(Int64.self, at: 0)
    }

    private func stored(_ pool: PostgresPool) async throws -> Int64 {
        try await pool.query("SELECT count(*) FROM messaging.idempotency_keys")[0].decode(Int64.self, at: 0)
    }

    @Test func `A repeat gets the stored answer, and has no second effect`() async throws {
        try await withService { service, pool in
            let first = try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}")
            #expect(first.status == 201)
            #expect(first.headers[.idempotencyReplayed] == nil)
            let second = try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}")
            #expect(second.status == 201)
            #expect(second.body == first.body)
            #expect(second.headers[.idempotencyReplayed] == "true")
            for name: HTTPField.Name in [.location, .vary, .acceptRanges, .contentType] {
                #expect(second.headers[name] == first.headers[name])
            }
            #expect(second.headers[.requestID] != first.headers[.requestID])
            #expect(try await effects(pool) == 1)
        }
    }

    @Test(arguments: [("/things", "{\"name\":\"b\"}"), ("/things", "{\"name\":\"a\" }"), ("/things?x=1", "{\"name\":\"a\"}")])
    func `The same key with another request is refused`(path: String, body: String) async throws {
        try await withService { service, pool in
            _ = try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}")
            let second = try await service.send(.post, path, headers: [.idempotencyKey: "k1"], json: body)
            #expect(second.status == 422)
            #expect(second.problem == "/problems/idempotency-key-reused")
            #expect(try await effects(pool) == 1)
        }
    }

    @Test func `A key belongs to its route`() async throws {
        try await withService { service, pool in
            _ = try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}")
            #expect(try await service.send(.post, "/others", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}").status == 201)
            #expect(try await effects(pool) == 2)
        }
    }

    @Test func `Without a key each request has its effect, and nothing is stored`() async throws {
        try await withService { service, pool in
            for _ in 0..<2 {
                let answer = try await service.send(.post, "/things", json: "{\"name\":\"a\"}")
                #expect(answer.status == 201)
            }
            #expect(try await effects(pool) == 2)
            #expect(try await stored(pool) == 0)
        }
    }

    @Test func `A refusal is not stored, and its key is free again`() async throws {
        try await withService { service, pool in
            for _ in 0..<2 {
                let answer = try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"conflict\"}")
                #expect(answer.problem == "/problems/conflict")
            }
            #expect(try await effects(pool) == 0)
            #expect(try await stored(pool) == 0)
            #expect(try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}").status == 201)
        }
    }

    @Test func `While the first request runs, its repeat is told so`() async throws {
        let entered = AsyncStream<Void>.makeStream()
        let release = AsyncStream<Void>.makeStream()
        try await withService { service, pool in
            async let first = service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}")
            for await _ in entered.stream { break }
            let second = try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}")
            #expect(second.status == 409)
            #expect(second.problem == "/problems/idempotency-key-in-use")
            release.continuation.finish()
            #expect(try await first.status == 201)
            let third = try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}")
            #expect(third.headers[.idempotencyReplayed] == "true")
            #expect(try await effects(pool) == 1)
        } meanwhile: {
            entered.continuation.yield()
            for await _ in release.stream { break }
        }
    }

    @Test func `Twenty at once with one key have one effect`() async throws {
        try await withService { service, pool in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await service.send(.post, "/things", headers: [.idempotencyKey: "k1"], json: "{\"name\":\"a\"}").status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.allSatisfy { $0 == 201 || $0 == 409 })
            #expect(statuses.contains(201))
            #expect(try await effects(pool) == 1)
        }
    }

    @Test(arguments: ["", "a b", "ü", String(repeating: "a", count: 256)])
    func `A key that is none is refused`(key: String) async throws {
        try await withService { service, pool in
            let answer = try await service.send(.post, "/things", headers: [.idempotencyKey: key], json: "{\"name\":\"a\"}")
            #expect(answer.status == 422)
            #expect(answer.pointers == ["/headers/idempotency-key"])
            #expect(try await effects(pool) == 0)
        }
    }

    @Test func `After a day a key is as new, and old rows are deleted`() async throws {
        try await withService { service, pool in
            let key = String(repeating: "~", count: 255)
            _ = try await service.send(.post, "/things", headers: [.idempotencyKey: key], json: "{\"name\":\"a\"}")
            _ = try await service.send(.post, "/things", headers: [.idempotencyKey: "young"], json: "{\"name\":\"a\"}")
            let age: SQL = "UPDATE messaging.idempotency_keys SET created_at = now() - interval '24 hours 1 second' WHERE key = \(key)"
            _ = try await pool.query(age)
            let again = try await service.send(.post, "/things", headers: [.idempotencyKey: key], json: "{\"name\":\"b\"}")
            #expect(again.status == 201)
            #expect(again.headers[.idempotencyReplayed] == nil)
            #expect(try await effects(pool) == 3)
            _ = try await pool.query(age)
            let expiry = ExpireIdempotencyKeys(postgres: pool, batchSize: 1, logger: Logger(label: "test"))
            #expect(try await expiry.expire() == 1)
            #expect(try await stored(pool) == 1)
        }
    }
}
