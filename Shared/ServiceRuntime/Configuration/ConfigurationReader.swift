/// Reads settings from the environment and remembers every mistake, so that all of them can be named at once.
///
/// A value that is missing or wrong is replaced by a placeholder and recorded in ``issues``; the runtime refuses to start while there are
/// any. An empty variable counts as not set, because that is how Compose and shells write "nothing".
package struct ConfigurationReader: Sendable {
    private let environment: [String: String]
    private let isDescribing: Bool
    /// What was wrong so far, in the order of reading.
    package private(set) var issues: [ConfigurationIssue] = []
    /// The keys that were asked for, in the order of reading: what `--help` lists.
    package private(set) var keys: [ConfigurationKeyDescription] = []

    /// Reads from a dictionary such as `ProcessInfo.processInfo.environment`.
    package init(environment: [String: String]) {
        self.environment = environment
        isDescribing = false
    }

    private init() {
        environment = [:]
        isDescribing = true
    }

    /// A reader that knows no environment, answers with defaults and placeholders and finds nothing wrong: it learns which keys there are.
    package static var describing: ConfigurationReader { ConfigurationReader() }

    /// The value of a key: what the environment says, or its default.
    package mutating func read<Value>(_ key: ConfigurationKey<Value>) -> Value {
        if !keys.contains(where: { $0.name == key.name }) { keys.append(key.description) }
        guard let text = environment[key.name], !text.isEmpty else {
            if let value = key.defaultValue { return value }
            if !isDescribing { issues.append(ConfigurationIssue(key: key.name, reason: "missing; expected \(key.description.expected)")) }
            return key.placeholder
        }
        if let value = key.parse(text) { return value }
        let shown = key.description.isSecret ? "the value" : "\"\(text.prefix(100))\""
        issues.append(ConfigurationIssue(key: key.name, reason: "\(shown) is not valid; expected \(key.description.expected)"))
        return key.placeholder
    }

    /// Records a rule between keys that is broken, under the key that should change.
    package mutating func reject<Value>(_ key: ConfigurationKey<Value>, _ reason: String) {
        if !isDescribing { issues.append(ConfigurationIssue(key: key.name, reason: reason)) }
    }
}

/// One setting that cannot be used.
package struct ConfigurationIssue: Sendable, Hashable, CustomStringConvertible {
    /// The environment variable.
    package let key: String
    /// What is wrong and what was expected. Holds no secret.
    package let reason: String

    /// The line that is printed: `DATABASE_URL: missing; expected a postgres:// URL`.
    package var description: String { "\(key): \(reason)" }
}

/// Thrown when a service cannot start because of its settings: all that is wrong with them.
package struct ConfigurationError: Error, CustomStringConvertible {
    /// At least one.
    package let issues: [ConfigurationIssue]

    /// One line for each issue.
    package var description: String { issues.map(\.description).joined(separator: "\n") }
}

/// The settings of one service, beside those that all services share.
///
/// The initialiser asks the reader for every key, on every path, so that `--help` can list them.
package protocol ServiceConfiguration: Sendable {
    /// Reads every key. It cannot fail: the reader keeps the mistakes.
    init(reading reader: inout ConfigurationReader)
}

/// For a service that has no settings of its own.
package struct NoConfiguration: ServiceConfiguration {
    package init(reading reader: inout ConfigurationReader) {}
}
