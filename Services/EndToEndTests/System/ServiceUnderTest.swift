import EventContracts
import Foundation
import Logging
import Postgres
import ServiceTesting
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One of the three services, as a process with a database and a port that stay the same when it is started again.
final class ServiceUnderTest: Sendable {
    /// `order`, `billing`, `notification`; also the name of its consumer group.
    let name: String
    let port: Int
    let log: URL
    /// The database, for looking at and for counting; never for changing.
    let database: ServiceDatabase
    let http: HTTPClient
    private let environment: [String: String]
    private let process = Mutex<ProcessHandle?>(nil)

    init(_ name: String, port: Int, database: ServiceDatabase, settings: [String: String], folder: URL) {
        self.name = name
        self.port = port
        self.database = database
        log = folder.appending(path: "\(name).log")
        http = HTTPClient(port: port)
        environment = Environment.inherited.merging(settings) { $1 }.merging([
            "HTTP_PORT": "\(port)", "DATABASE_URL": database.url, "LOG_LEVEL": Environment.logLevel,
        ]) { $1 }
    }

    /// The process that runs now or ran last.
    ///
    /// - Throws: ``WorldFailure``, when there was none.
    var running: ProcessHandle {
        get throws {
            guard let process = process.withLock({ $0 }) else { throw WorldFailure("the \(name) service was not started") }
            return process
        }
    }

    /// Starts it, and does not wait for it.
    func launch() throws {
        guard let folder = Environment.executables else { throw WorldFailure("HAPPYMAIL_BIN is not set") }
        let started = try ProcessHandle([folder.appending(path: name).path, "serve"], environment: environment, log: log)
        process.withLock { $0 = started }
    }

    /// Starts it and returns when it is ready.
    func start() async throws {
        try launch()
        try await awaitReady()
    }

    /// Runs the executable for one of its other commands, beside the service, to its end.
    func command(_ arguments: [String]) async throws -> (outcome: ProcessHandle.Outcome, lines: [String]) {
        guard let folder = Environment.executables else { throw WorldFailure("HAPPYMAIL_BIN is not set") }
        let output = log.deletingLastPathComponent().appending(path: "\(name)-command-\(EventID()).log")
        let process = try ProcessHandle([folder.appending(path: name).path] + arguments, environment: environment, log: output)
        let outcome = await process.ended()
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        return (outcome, text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast())
    }

    /// Returns when `/readyz` says 200.
    func awaitReady(within limit: Duration = .seconds(60)) async throws {
        let process = try running
        try await eventually(within: limit, "the \(name) service is ready") {
            guard process.isRunning else { throw WorldFailure("the \(name) service ended", log: log) }
            return (try? await http.send(.get("/readyz"), within: .seconds(5)))?.status == 200
        }
    }

    /// Holds its process where it is while something else happens; shorter than the session timeout.
    func whileFrozen<Value>(_ body: () async throws -> Value) async throws -> Value {
        let process = try running
        process.signal(SIGSTOP)
        defer { process.signal(SIGCONT) }
        return try await body()
    }

    /// Lets it go on before the body of `whileFrozen` has ended.
    func thaw() throws { try running.signal(SIGCONT) }

    /// The topics to which it listens.
    var topics: [Topic] {
        switch name {
        case "order": [PaymentCompleted.topic, PaymentDeclined.topic]
        case "billing": [UserRegistered.topic, OrderPlaced.topic]
        default: [UserRegistered.topic, OrderConfirmed.topic, OrderRejected.topic]
        }
    }

    /// How many records it has dealt with since it was started, whatever came of them.
    func consumedRecords() async throws -> Int64 {
        Int64(try await metric("consumer_records_total").values.reduce(0, +))
    }

    /// Asks it to end and returns how it did.
    @discardableResult
    func stop() async throws -> ProcessHandle.Outcome {
        try await running.stop()
    }

    /// `kill -9`, and returns when it is dead.
    func kill() async throws {
        let process = try running
        process.signal(SIGKILL)
        _ = await process.ended()
    }

    /// Sends a request.
    func send(_ request: HTTPRequest, within limit: Duration = .seconds(45)) async throws -> HTTPAnswer {
        try await http.send(request, within: limit)
    }

    /// The values of a metric now, by its labels as they are written, `{outcome="handled"}`.
    func metric(_ name: String) async throws -> [String: Double] {
        let text = try await send(.get("/metrics")).text
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let rest = line.dropFirst(name.count)
            guard rest.first == "{" || rest.first == " ", let blank = rest.lastIndex(of: " ") else { continue }
            values[String(rest[..<blank])] = Double(rest[rest.index(after: blank)...])
        }
        return values
    }
}
