import Foundation

/// What the tests are told by whoever runs them.
enum Environment {
    /// A server and a role that may create databases and roles.
    static var databaseURL: String? { value("TEST_DATABASE_URL") }
    /// The folder of the three executables.
    static var executables: URL? { value("HAPPYMAIL_BIN").map { URL(filePath: $0) } }
    /// A level of the services' logs.
    static var logLevel: String { value("TEST_LOG_LEVEL") ?? "info" }
    /// Whether to keep the world's folder and databases, to look at them afterwards.
    static var keepsWorld: Bool { value("TEST_KEEP_WORLD") != nil }

    /// Whether there is everything that these tests need.
    static var isComplete: Bool { databaseURL != nil && executables != nil }

    /// The checkout, in which the programs for the local infrastructure lie.
    static let repository: URL = {
        var folder = URL(filePath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder
    }()

    /// The words that start a local broker, before `start --data-dir …`.
    static var brokerCommand: [String] {
        if let given = value("TEST_BROKER_COMMAND") { return given.split(separator: " ").map(String.init) }
        return [python, "-B", repository.appending(path: "deploy/local/broker.py").path]
    }

    /// The folder of the broker's binary, if it has been downloaded by `make`.
    static var brokerFolder: String? {
        let folder = value("TEST_BROKER_FOLDER") ?? repository.appending(path: ".local/tools").path
        return FileManager.default.isExecutableFile(atPath: folder + "/noida-db") ? folder : nil
    }

    /// The words that start the mail sink, before its options.
    static var mailSinkCommand: [String] { [python, "-B", repository.appending(path: "deploy/local/smtp_sink.py").path] }

    /// This process's environment, without what is meant for another system's services.
    static var inherited: [String: String] {
        ProcessInfo.processInfo.environment.filter { !["DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SMTP_URL"].contains($0.key) }
    }

    /// The system's Python has the system's packages, aiosmtpd among them; another one on the path may not.
    private static var python: String {
        value("TEST_PYTHON") ?? ["/usr/bin/python3", "/usr/local/bin/python3"].first(where: FileManager.default.isExecutableFile)
            ?? "python3"
    }

    private static func value(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
