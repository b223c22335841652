import Hummingbird
import JSON
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
    private struct Broken: Error, CustomStringConvertible {
        let description = "it broke"
    }

    /// Notes when it ends.
    private struct Recorded: Service, CustomStringConvertible {
        let description: String
        let ends: Lines

        func run() async throws {
            try? await gracefulShutdown()
            ends.append(description)
        }
    }

    /// Ends by itself when it is told to.
    private struct Scripted: Service {
        let body: @Sendable () async throws -> Void

        func run() async throws { try await body() }
    }

    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func `Parts end in the reverse of their order when one fails`() async {
        let ends = Lines()
        let runner = ServiceRunner(
            services: [Recorded(description: "pool", ends: ends), Recorded(description: "relay", ends: ends), Scripted { throw Broken() }],
            shutdownTimeout: .seconds(10),
            logger: quiet
        )
        await #expect(throws: Broken.self) { try await runner.run { ends.append("gave up") } }
        #expect(ends.all == ["relay", "pool"])
    }

    @Test func `A part that ends without being told is a failure`() async {
        let ends = Lines()
        let runner = ServiceRunner(
            services: [Recorded(description: "pool", ends: ends), Scripted {}],
            shutdownTimeout: .seconds(10),
            logger: quiet
        )
        await #expect(throws: PartEnded.self) { try await runner.run { ends.append("gave up") } }
        #expect(ends.all == ["pool"])
    }

    @Test func `What does not end in time is cancelled, and that is a failure`() async {
        let cancelled = Lines()
        let stubborn = Scripted {
            // Deaf to the shutdown, but not to being cancelled.
            let (stream, _) = AsyncStream<Void>.makeStream()
            for await _ in stream {}
            cancelled.append("cancelled")
        }
        let runner = ServiceRunner(
            services: [stubborn, Scripted { throw Broken() }],
            shutdownTimeout: .milliseconds(100),
            logger: quiet
        )
        await #expect(throws: (any Error).self) { try await runner.run { cancelled.append("gave up") } }
        #expect(cancelled.all == ["cancelled"])
    }

    @Test func `What does not even heed being cancelled is given up after the bound`() async throws {
        let gaveUp = AsyncStream<Void>.makeStream()
        let release = AsyncStream<Void>.makeStream()
        let deaf = Scripted { await Task.detached { for await _ in release.stream { break } }.value }
        let runner = ServiceRunner(services: [deaf, Scripted { throw Broken() }], shutdownTimeout: .milliseconds(50), logger: quiet)
        let run = Task { try await runner.run { gaveUp.continuation.yield() } }
        for await _ in gaveUp.stream { break }
        release.continuation.finish()
        await #expect(throws: (any Error).self) { try await run.value }
    }

    @Test func `A request in flight is answered, and no other is taken`() async throws {
        let entered = AsyncStream<Void>.makeStream()
        let release = AsyncStream<Void>.makeStream()
        let readiness = Readiness(checks: [])
        let responder = ServiceResponder(settings: HTTPSettings(), readiness: readiness, metrics: PrometheusRegistry(), logger: quiet) {
            router in
            router.get("/slow") { _, _ in
                entered.continuation.yield()
                for await _ in release.stream { break }
                return JSONResponse(.ok, "slow")
            }
        }
        let ports = AsyncStream<Int>.makeStream()
        let http = HTTPService(settings: HTTPSettings(), responder: responder, readiness: readiness, logger: quiet) {
            ports.continuation.yield($0)
        }
        let group = ServiceGroup(services: [http], logger: quiet)
        let run = Task { try await group.run() }
        let port = try #require(await ports.stream.first { _ in true })

        try await RawConnection.with(port: port) { connection in
            try await connection.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
            for await _ in entered.stream { break }
            await group.triggerGracefulShutdown()
            try await refused(port: port)
            release.continuation.yield()
            let response = try await connection.response()
            #expect(response.status == 200)
            #expect(response.body == "\"slow\"")
            #expect(try await connection.isClosed())
        }
        try await run.value
        #expect(await readiness.report().isReady == false)
    }

    /// The listening socket is closed soon after the shutdown was asked for, in the background.
    private func refused(port: Int) async throws {
        for _ in 0..<10_000 {
            do {
                try await RawConnection.with(port: port) { _ in }
            } catch is NIOConnectionError {
                return
            } catch is IOError {
                return
            }
            await Task.yield()
        }
        Issue.record("the port still takes connections")
    }
}
