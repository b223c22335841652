import ArgumentParser
import Logging
import Messaging
import Metrics
import NIOCore
import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the services' mains share: command line, settings, logs, metrics, HTTP, health and an orderly end.
///
/// ```swift
/// @main struct Main {
///     static func main() async { await ServiceRuntime.run("order", assemble: OrderAssembly.make) }
/// }
/// ```
package enum ServiceRuntime {
    /// The version of the services, printed by `--version`.
    package static let version = "0.1.0"

    /// Runs a service as its command line says, and ends the process.
    ///
    /// Exit status: 0 when all went well, 64 for a wrong command line, 78 for wrong settings (each bad key is named on standard error), 1 for
    /// everything else, with one sentence.
    ///
    /// - Parameters:
    ///   - name: In lower case: `order`.
    ///   - assemble: Connects the service's parts. It must not reach for any server: that is for the services it returns and for `migrate`.
    package static func run<Configuration: ServiceConfiguration>(
        _ name: String,
        assemble: @escaping @Sendable (Bootstrap<Configuration>) async throws -> Assembly
    ) async {
        // Before anything makes the first event loop: HTTP and mail share one.
        NIOSingletons.groupLoopCountSuggestion = 1
        let process = ServiceProcess(
            service: ServiceDescription(name: name, version: version),
            environment: ProcessInfo.processInfo.environment,
            assemble: assemble
        )
        await process.run(arguments: Array(CommandLine.arguments.dropFirst())).exitProcess()
    }
}

/// One run of a service, with everything around it given: `ServiceRuntime` gives it the process's own.
package struct ServiceProcess<Configuration: ServiceConfiguration>: Sendable {
    let service: ServiceDescription
    let environment: [String: String]
    var output: @Sendable (String) -> Void = { StandardStream.output.writeLine($0) }
    var errorOutput: @Sendable (String) -> Void = { StandardStream.error.writeLine($0) }
    let assemble: @Sendable (Bootstrap<Configuration>) async throws -> Assembly

    /// Does what the arguments say.
    ///
    /// - Returns: How the process should end.
    package func run(arguments: [String]) async -> ServiceExitStatus {
        guard let action = parse(arguments) else { return .usage }
        switch action {
        case .help(let text):
            output(text)
            return .ok
        case .act(let action): return await ending { try await perform(action) }
        case .deadLetters(let request): return await ending { try await perform(request) }
        }
    }

    /// How the process should end after `body`; what went wrong is said on standard error.
    private func ending(_ body: () async throws -> Void) async -> ServiceExitStatus {
        do {
            try await body()
            return .ok
        } catch let error as ConfigurationError {
            errorOutput(error.description)
            return .configuration
        } catch {
            errorOutput(
                "\(service.name): \(error)".split(separator: "\n").map { DeadLetterText.harmless(String($0)) }.joined(separator: "\n")
            )
            return .failure
        }
    }

    private enum Parsed {
        case act(Action)
        case deadLetters(any DeadLettersRequest)
        case help(String)
    }

    /// `nil` when the command line is wrong, which has been said then.
    private func parse(_ arguments: [String]) -> Parsed? {
        if arguments.first == DeadLettersCommand.name { return parseDeadLetters(Array(arguments.dropFirst())) }
        var reader = ConfigurationReader.describing
        _ = RuntimeConfiguration(reading: &reader)
        _ = Configuration(reading: &reader)
        let texts = ServiceCommand.Texts(name: service.name, version: service.version, settings: SettingsHelp.text(for: reader.keys))
        return ServiceCommand.$texts.withValue(texts) {
            do {
                return .act(try ServiceCommand.parse(arguments).action)
            } catch {
                let message = ServiceCommand.fullMessage(for: error)
                if ServiceCommand.exitCode(for: error) == .success { return .help(message) }
                errorOutput(message)
                return nil
            }
        }
    }

    private func parseDeadLetters(_ arguments: [String]) -> Parsed? {
        do {
            let command = try DeadLettersCommand.parseAsRoot(arguments)
            guard let request = command as? any DeadLettersRequest else { return .help(DeadLettersCommand.helpMessage()) }
            return .deadLetters(request)
        } catch {
            let message = DeadLettersCommand.fullMessage(for: error)
            if DeadLettersCommand.exitCode(for: error) == .success { return .help(message) }
            errorOutput(message)
            return nil
        }
    }

    /// Works on the database only; nothing is started.
    private func perform(_ request: any DeadLettersRequest) async throws {
        var reader = ConfigurationReader(environment: environment)
        let (runtime, configuration) = (RuntimeConfiguration(reading: &reader), Configuration(reading: &reader))
        if !reader.issues.isEmpty { throw ConfigurationError(issues: reader.issues) }
        let bootstrap = Bootstrap(
            service: service,
            runtime: runtime,
            configuration: configuration,
            logger: Logger(label: service.name) { _ in SwiftLogNoOpLogHandler() },
            metrics: PrometheusRegistry()
        )
        guard var desk = try await assemble(bootstrap).hospital else { throw HospitalRefusal.noSuchLetter }
        desk.defaultOperator = environment["USER"] ?? desk.defaultOperator
        let result: Result<[String], any Error>
        do {
            result = .success(try await request.perform(at: desk))
        } catch {
            result = .failure(error)
        }
        await desk.postgres.close()
        for line in try result.get() { output(DeadLetterText.harmless(line)) }
    }

    private func perform(_ action: Action) async throws {
        if action == .routes { return try await printRoutes() }
        if action == .healthcheck { return try await askHealth() }
        var reader = ConfigurationReader(environment: environment)
        let runtime = RuntimeConfiguration(reading: &reader)
        let configuration = Configuration(reading: &reader)
        if !reader.issues.isEmpty { throw ConfigurationError(issues: reader.issues) }

        let metrics = PrometheusRegistry()
        Observability.install(service: service.name, level: runtime.logLevel, metrics: metrics)
        let logger = Logger(label: service.name)
        let bootstrap = Bootstrap(service: service, runtime: runtime, configuration: configuration, logger: logger, metrics: metrics)
        do {
            try await perform(action, try await assemble(bootstrap), bootstrap)
        } catch {
            // The sentence on standard error is short; the log has the rest.
            logger.error("The service failed", error: error)
            throw error
        }
    }

    private func perform(_ action: Action, _ assembly: Assembly, _ bootstrap: Bootstrap<Configuration>) async throws {
        let runtime = bootstrap.runtime
        let logger = bootstrap.logger
        if action == .migrate || runtime.migratesOnStart {
            try await Startup(migrate: assembly.migrate, timeout: runtime.startupTimeout, logger: logger).run()
        }
        if action == .migrate {
            logger.info("The database's schema is up to date")
            return
        }
        try await serve(assembly, bootstrap)
    }

    private func serve(_ assembly: Assembly, _ bootstrap: Bootstrap<Configuration>) async throws {
        let logger = bootstrap.logger
        let readiness = Readiness(checks: assembly.healthChecks)
        let responder = ServiceResponder(
            service: service.name,
            settings: bootstrap.runtime.http,
            readiness: readiness,
            metrics: bootstrap.metrics,
            logger: logger,
            openAPI: assembly.openAPI,
            routes: assembly.routes
        )
        let http = HTTPService(settings: bootstrap.runtime.http, responder: responder, readiness: readiness, logger: logger)
        logger.info("The service starts", metadata: [LogKeys.version: "\(service.version)"])
        let runner = ServiceRunner(services: assembly.services + [http], shutdownTimeout: bootstrap.runtime.shutdownTimeout, logger: logger)
        try await runner.run { ServiceExitStatus.failure.exitProcess() }
        logger.info("The service has ended")
    }

    /// Reads the settings of HTTP only: a health check needs no database's URL.
    private func askHealth() async throws {
        var reader = ConfigurationReader(environment: environment)
        let settings = HTTPSettings(reading: &reader)
        if !reader.issues.isEmpty { throw ConfigurationError(issues: reader.issues) }
        try await HealthProbe(settings: settings).run()
    }

    private func printRoutes() async throws {
        var reader = ConfigurationReader.describing
        let bootstrap = Bootstrap(
            service: service,
            runtime: RuntimeConfiguration(reading: &reader),
            configuration: Configuration(reading: &reader),
            logger: Logger(label: service.name) { _ in SwiftLogNoOpLogHandler() },
            metrics: PrometheusRegistry(),
            isDescribing: true
        )
        let assembly = try await assemble(bootstrap)
        let responder = ServiceResponder(
            service: service.name,
            settings: bootstrap.runtime.http,
            readiness: Readiness(checks: []),
            metrics: bootstrap.metrics,
            logger: bootstrap.logger,
            routes: assembly.routes
        )
        for route in responder.routes.routes { output(route.description) }
    }
}
