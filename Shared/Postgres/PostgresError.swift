/// What went wrong between us and the database, in terms a caller can act on.
///
/// Callers ask three questions: is the database away (``isUnavailable``: wait), may the same transaction be run again (``isRetriable``), or
/// which rule was broken (``code``, ``constraint``). `description` holds no data of users and may be logged or shown; the server's own words,
/// which may quote values, are in `debugDescription`.
package struct PostgresError: Error, CustomStringConvertible, CustomDebugStringConvertible {
    /// What happened.
    package let code: Code
    /// The five characters that the server gave, SQLSTATE; `nil` when the error is the client's own.
    package var sqlState: String? { details.sqlState }
    /// The constraint that was violated, when the server named one.
    package var constraint: String? { details.constraint }
    /// The table concerned, when the server named one.
    package var table: String? { details.table }
    /// The client's sentence, or the server's primary message. May quote values.
    package var message: String { details.message }
    /// The text of the statement that failed, without its parameters.
    package var statement: String? { details.statement }
    /// Where the failing call was written, `file:line`.
    package var location: String? { details.location }
    /// The server ended or lost the session: the connection cannot be used again.
    var isFatal: Bool { details.isFatal }

    private let details: Details

    /// An error of the client's own making.
    package init(_ code: Code, _ message: String, statement: String? = nil) {
        self.code = code
        details = Details(message: message, statement: statement)
    }

    init(code: Code, details: Details) {
        self.code = code
        self.details = details
    }

    /// Whether the same transaction may be run again: it certainly had no effect, and the cause may pass by itself.
    ///
    /// A lone autocommit statement that ends in `.connectionLost` may have had its effect: run it again only if it is idempotent.
    package var isRetriable: Bool {
        switch code {
        case .connectionLost, .serializationFailure, .deadlock, .lockNotAvailable, .stalePlan, .poolExhausted, .timeout: true
        case .connectionFailed: isUnavailable
        default: Self.passing.contains(code)
        }
    }

    /// Whether the server cannot be reached, is starting, or is going down: nothing about the request is wrong, and waiting helps.
    package var isUnavailable: Bool {
        switch code {
        case .connectionLost, .commitOutcomeUnknown: true
        case .connectionFailed: !(sqlState.map { $0.hasPrefix("28") || $0.hasPrefix("3D") } ?? false)
        default: Self.passing.contains(code)
        }
    }

    private static let passing: Set<Code> = [
        .adminShutdown, .crashShutdown, .cannotConnectNow, .tooManyConnections, .idleInTransactionTimeout, .readOnly,
    ]

    /// The code, SQLSTATE and constraint: safe to show.
    package var description: String {
        var text = "PostgresError: \(code)"
        if let sqlState { text += " (\(sqlState))" }
        if let constraint { text += " on \(constraint)" }
        return text
    }

    /// Everything that is known, values quoted by the server included: for logs that may hold them, never for users.
    package var debugDescription: String {
        var text = description + ": " + message
        if let detail = details.detail { text += " [detail: \(detail)]" }
        if let hint = details.hint { text += " [hint: \(hint)]" }
        if let table { text += " [table: \(table)]" }
        if let statement { text += " [statement: \(statement)]" }
        if let location { text += " [at \(location)]" }
        return text
    }

    /// The same error, known by another code.
    func recoded(_ code: Code) -> PostgresError {
        PostgresError(code: code, details: details)
    }

    /// The same error, told with more words.
    func prefixed(_ words: String) -> PostgresError {
        var prefixed = details
        prefixed.message = words + prefixed.message
        return PostgresError(code: code, details: prefixed)
    }

    /// The same error with the place of the call that met it; the innermost place wins.
    func located(_ file: StaticString, _ line: UInt) -> PostgresError {
        guard details.location == nil else { return self }
        var located = details
        located.location = "\(file):\(line)"
        return PostgresError(code: code, details: located)
    }
}

extension PostgresError {
    /// What is told beside the code.
    struct Details: Sendable {
        var message: String
        var sqlState: String?
        var constraint: String?
        var table: String?
        var detail: String?
        var hint: String?
        var statement: String?
        var location: String?
        var isFatal = false

        init(message: String, sqlState: String? = nil, statement: String? = nil) {
            self.message = message
            self.sqlState = sqlState
            self.statement = statement
        }
    }
}
