import NIOCore
import NIOPosix
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(1))) struct HealthProbeTests {
    private struct NoSettings: ServiceConfiguration {
        init(reading reader: inout ConfigurationReader) {}
    }

    private static let sick = HealthCheck("postgres") { .failed("no connection") }

    private func probe(host: String = "127.0.0.1", port: Int, limit: Duration = .seconds(20)) -> HealthProbe {
        HealthProbe(settings: HTTPSettings(host: host, port: port), limit: limit)
    }

    /// What `shop healthcheck` does with these settings.
    private func healthcheck(_ environment: [String: String]) async -> (status: ServiceExitStatus, errors: String) {
        let errors = Lines()
        var process = ServiceProcess<NoSettings>(
            service: ServiceDescription(name: "shop", version: "1.2.3"),
            environment: environment,
            assemble: { _ in Assembly { _ in } }
        )
        process.errorOutput = { errors.append($0) }
        return (await process.run(arguments: ["healthcheck"]), errors.text)
    }

    /// A port that accepts connections and never answers, for as long as the body runs.
    private func withSilence<Value>(_ body: (_ port: Int) async throws -> Value) async throws -> Value {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Value, any Error>
        do { result = .success(try await body(channel.localAddress?.port ?? 0)) } catch { result = .failure(error) }
        try await channel.close()
        return try result.get()
    }

    @Test func `A service that is ready passes`() async throws {
        try await withServer { port in try await probe(port: port).run() }
    }

    @Test func `One that listens everywhere is asked on this machine`() async throws {
        try await withServer(settings: HTTPSettings(host: "0.0.0.0")) { port in try await probe(host: "0.0.0.0", port: port).run() }
    }

    @Test func `One that is not ready fails, with its report`() async throws {
        try await withServer(checks: [Self.sick]) { port in
            let error = await #expect(throws: HealthProbeError.self) { try await probe(port: port).run() }
            let text = error.map(String.init(describing:)) ?? ""
            #expect(text.hasPrefix("Not ready: HTTP/1.1 503"))
            #expect(text.contains("no connection"))
        }
    }

    @Test func `One that says nothing fails in time`() async throws {
        try await withSilence { port in
            let error = await #expect(throws: HealthProbeError.self) { try await probe(port: port, limit: .milliseconds(200)).run() }
            #expect(error.map(String.init(describing:)) == "127.0.0.1:\(port) did not answer within 200ms.")
        }
    }

    @Test func `The command asks the service of the same settings`() async throws {
        try await withServer { port in
            let outcome = await healthcheck(["HTTP_HOST": "0.0.0.0", "HTTP_PORT": "\(port)"])
            #expect(outcome.status == .ok)
            #expect(outcome.errors.isEmpty)
        }
        try await withServer(checks: [Self.sick]) { port in
            let outcome = await healthcheck(["HTTP_PORT": "\(port)"])
            #expect(outcome.status == .failure)
            #expect(outcome.errors.contains("no connection"))
        }
    }

    @Test func `It fails where nothing listens, or nobody can know where`() async throws {
        let port = try await withSilence { $0 }
        let nobody = await healthcheck(["HTTP_PORT": "\(port)"])
        #expect(nobody.status == .failure)
        #expect(nobody.errors.contains("Nothing answers at 127.0.0.1:\(port)."))
        let unknown = await healthcheck(["HTTP_PORT": "0"])
        #expect(unknown.status == .failure)
        #expect(unknown.errors.contains("HTTP_PORT is 0"))
        let wrong = await healthcheck(["HTTP_PORT": "99999"])
        #expect(wrong.status == .configuration)
    }
}
