/// A statement whose interpolated values travel beside it, never inside it.
///
/// `"SELECT name FROM users WHERE id = \(id)"` becomes the text `… WHERE id = $1` and one binary parameter, so there is nothing to escape and
/// the text is the same each time: it is prepared once per connection. Identifiers that are not values are inserted with `\(unescaped:)`.
///
/// A value that has no binary form (a text with a NUL byte, say) does not fail here, where nothing can be thrown, but when the statement is run.
package struct SQL: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The text, with `$1`… for the values.
    package private(set) var text: String
    /// The parameters' types, in order.
    private(set) var types: [PostgresOID] = []
    /// The parameters' lengths in `bytes`, in order; -1 is NULL.
    private(set) var lengths: [Int32] = []
    /// The parameters' binary forms, one after the other.
    private(set) var bytes: [UInt8] = []
    /// Why the statement cannot be run.
    private(set) var failure: PostgresError?

    /// The protocol counts parameters in 16 bits.
    package static let maximumParameters = 65_535
    /// The server refuses messages of more than 1 GB; this leaves it room.
    static let maximumParameterBytes = 1_000_000_000

    /// A statement without parameters, from a text made at run time.
    ///
    /// - Important: Nothing is escaped. Never pass what a user wrote.
    package init(unescaped text: String) {
        self.text = text
        if text.utf8.contains(0) { failure = PostgresError(.invalidText, "A statement holds a NUL byte.") }
    }

    package init(stringLiteral value: String) {
        self.init(unescaped: value)
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.statement
    }

    /// The text only: parameters may be private.
    package var description: String { text }

    /// The parameters, for tests and diagnosis.
    package var parameters: [PostgresParameter] {
        var start = 0
        return zip(types, lengths).map { type, length in
            guard length >= 0 else { return PostgresParameter(type: type, value: nil) }
            defer { start += Int(length) }
            return PostgresParameter(type: type, value: Array(bytes[start..<start + Int(length)]))
        }
    }

    /// Appends a parameter's value and its placeholder.
    private mutating func bind<Value: PostgresEncodable>(_ value: Value) {
        types.append(Value.postgresType.oid)
        text += "$"
        text += String(types.count)
        guard !value.isPostgresNull else { return lengths.append(-1) }
        let start = bytes.count
        do throws(PostgresError) {
            try value.encodePostgres(into: &bytes)
        } catch {
            failure = failure ?? error
        }
        lengths.append(Int32(truncatingIfNeeded: bytes.count - start))
    }

    /// - Throws: Why the statement must not be sent: `.invalidText`, `.encoding`, `.tooManyParameters`.
    func validate() throws(PostgresError) {
        if let failure { throw failure }
        if types.count > Self.maximumParameters {
            throw PostgresError(.tooManyParameters, "A statement has \(types.count) parameters; 65,535 are possible.", statement: text)
        }
        if bytes.count > Self.maximumParameterBytes {
            throw PostgresError(.encoding, "A statement's parameters are larger than 1 GB.", statement: text)
        }
    }
}

extension SQL {
    /// Collects the text and the values of an interpolated statement.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var statement: SQL

        package init(literalCapacity: Int, interpolationCount: Int) {
            statement = SQL(unescaped: "")
            statement.text.reserveCapacity(literalCapacity + interpolationCount * 3)
            statement.types.reserveCapacity(interpolationCount)
            statement.lengths.reserveCapacity(interpolationCount)
        }

        /// Appends the words around the values.
        package mutating func appendLiteral(_ literal: String) {
            statement.text += literal
            if literal.utf8.contains(0) {
                statement.failure = statement.failure ?? PostgresError(.invalidText, "A statement holds a NUL byte.")
            }
        }

        /// Binds a value as the next parameter.
        package mutating func appendInterpolation(_ value: some PostgresEncodable) {
            statement.bind(value)
        }

        /// Binds a value as the next parameter; `nil` is NULL.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            statement.bind(value)
        }

        /// Inserts text as it is: an identifier, a list of columns.
        ///
        /// - Important: Never pass what a user wrote.
        package mutating func appendInterpolation(unescaped text: String) {
            appendLiteral(text)
        }
    }
}

/// A value bound to a statement.
package struct PostgresParameter: Sendable, Hashable {
    /// The type that the value is sent as.
    package let type: PostgresOID
    /// Its binary form; `nil` is NULL.
    package let value: [UInt8]?
}
