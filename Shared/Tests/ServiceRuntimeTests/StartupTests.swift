import Logging
import Postgres
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(1))) struct StartupTests {
    private struct Broken: Error {}

    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func `A database that comes late is waited for`() async throws {
        let attempts = Mutex(0)
        let startup = Startup(
            migrate: { _ in
                let attempt = attempts.withLock { attempts in
                    attempts += 1
                    return attempts
                }
                if attempt < 3 { throw PostgresError(.connectionFailed, "not yet") }
            },
            timeout: .seconds(30),
            logger: quiet
        )
        try await startup.run()
        #expect(attempts.withLock { $0 } == 3)
    }

    @Test func `One that does not come is named in a sentence`() async {
        let startup = Startup(migrate: { _ in throw PostgresError(.connectionFailed, "never") }, timeout: .milliseconds(50), logger: quiet)
        let error = await #expect(throws: DatabaseUnreachable.self) { try await startup.run() }
        #expect(error?.description == "The database at DATABASE_URL could not be reached within 50ms (connection_failed).")
    }

    @Test func `Any other error ends the start at once`() async {
        let attempts = Mutex(0)
        let startup = Startup(
            migrate: { _ in
                attempts.withLock { $0 += 1 }
                throw Broken()
            },
            timeout: .seconds(30),
            logger: quiet
        )
        await #expect(throws: Broken.self) { try await startup.run() }
        #expect(attempts.withLock { $0 } == 1)
    }
}
