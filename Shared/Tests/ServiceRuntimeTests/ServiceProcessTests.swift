import HTTPTypes
import Hummingbird
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite struct ServiceProcessTests {
    private struct Settings: ServiceConfiguration {
        static let secret = ConfigurationKey<String>.text("MAIL_PASSWORD", isSecret: true, "The password of the mail server.")
        let password: String
        init(reading reader: inout ConfigurationReader) { password = reader.read(Self.secret) }
    }

    private struct Outcome {
        let status: ServiceExitStatus
        let output: String
        let errors: String
    }

    private struct Broken: Error, CustomStringConvertible {
        let description = "the parts do not fit"
    }

    private func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        assemble: @escaping @Sendable (Bootstrap<Settings>) async throws -> Assembly = { _ in
            Assembly { router in
                router.get("/things/{id}") { _, _ in JSONResponse(.ok, "thing") }
                router.post("/things") { _, _ in JSONResponse(.created, "thing") }
            }
        }
    ) async -> Outcome {
        let output = Lines()
        let errors = Lines()
        var process = ServiceProcess(
            service: ServiceDescription(name: "shop", version: "1.2.3"),
            environment: environment,
            assemble: assemble
        )
        process.output = { output.append($0) }
        process.errorOutput = { errors.append($0) }
        let status = await process.run(arguments: arguments)
        return Outcome(status: status, output: output.text, errors: errors.text)
    }

    @Test func `Routes are listed without any configuration`() async {
        let outcome = await run(["routes"])
        #expect(outcome.status == .ok)
        #expect(
            outcome.output == """
                GET /docs
                GET /livez
                GET /metrics
                GET /openapi.yaml
                GET /readyz
                POST /things
                GET /things/{id}
                """
        )
    }

    @Test func `Help lists the shared settings and the service's own`() async {
        let outcome = await run(["--help"])
        #expect(outcome.status == .ok)
        #expect(outcome.output.contains("USAGE: shop [serve | migrate | healthcheck | routes | dead-letters …]"))
        #expect(outcome.output.contains("KAFKA_BOOTSTRAP_SERVERS"))
        #expect(outcome.output.contains("MAIL_PASSWORD\n  text: a text; required; secret"))
    }

    @Test func `The version is printed`() async {
        let outcome = await run(["--version"])
        #expect(outcome.status == .ok)
        #expect(outcome.output == "shop 1.2.3")
    }

    @Test(arguments: [["fly"], ["--fly"], ["serve", "migrate"]])
    func `A wrong command line is a usage error`(arguments: [String]) async {
        let outcome = await run(arguments)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("Error:"))
        #expect(outcome.output.isEmpty)
    }

    @Test(arguments: ["serve", "migrate"])
    func `Wrong settings are all named, the service's own too`(action: String) async {
        let outcome = await run([action], environment: ["HTTP_PORT": "99999"])
        #expect(outcome.status == .configuration)
        #expect(
            outcome.errors.split(separator: "\n").map { $0.prefix { $0 != ":" } } == [
                "HTTP_PORT", "DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "MAIL_PASSWORD",
            ]
        )
    }

    @Test func `Any other failure is one sentence`() async {
        let outcome = await run(["routes"]) { _ in throw Broken() }
        #expect(outcome.status == .failure)
        #expect(outcome.errors == "shop: the parts do not fit")
    }
}

/// Lines that something said.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var text: String { all.joined(separator: "\n") }

    func append(_ line: String) {
        lines.withLock { $0.append(line) }
    }
}
