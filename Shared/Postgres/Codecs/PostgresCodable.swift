/// A value that can be a parameter, in the server's binary form.
package protocol PostgresEncodable: Sendable {
    /// The type that the server is told.
    static var postgresType: PostgresType { get }
    /// Whether the value is NULL; then it is not encoded.
    var isPostgresNull: Bool { get }
    /// Appends the binary form.
    ///
    /// - Throws: `.invalidText` or `.encoding`, when the value has no form that the server takes.
    func encodePostgres(into bytes: inout [UInt8]) throws(PostgresError)
    /// The type of `[Self]`; only a type whose array is not an array (`UInt8`: `bytea`) says other than the default.
    static var postgresArrayType: PostgresType { get }
    /// Appends the binary form of `[Self]`.
    static func encodePostgresArray(_ elements: [Self], into bytes: inout [UInt8]) throws(PostgresError)
}

/// A value that can be read from a column, in the server's binary form.
package protocol PostgresDecodable: Sendable {
    /// Reads a value.
    ///
    /// - Parameters:
    ///   - bytes: The value's bytes, all of them.
    ///   - type: The column's type.
    /// - Throws: `.decoding`, when the type or the bytes do not fit.
    init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError)
    /// What NULL means; only optionals have an answer.
    static func postgresNull() throws(PostgresError) -> Self
    /// Reads `[Self]`.
    static func decodePostgresArray(_ bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) -> [Self]
}

/// What goes both ways.
package typealias PostgresCodable = PostgresDecodable & PostgresEncodable

extension PostgresEncodable {
    package var isPostgresNull: Bool { false }
    package static var postgresArrayType: PostgresType { PostgresType(oid: postgresType.arrayOID, arrayOID: 0) }
}

extension PostgresDecodable {
    package static func postgresNull() throws(PostgresError) -> Self {
        throw PostgresError(.decoding, "NULL where \(Self.self) is expected.")
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }
    package var isPostgresNull: Bool { self?.isPostgresNull ?? true }

    package func encodePostgres(into bytes: inout [UInt8]) throws(PostgresError) {
        try self?.encodePostgres(into: &bytes)
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        self = .some(try Wrapped(postgresBinary: bytes, type: type))
    }

    package static func postgresNull() -> Self { nil }
}
