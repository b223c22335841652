/// A type of ours that is stored as one that the server knows: an id as a `uuid`, an enum as a `text`.
///
/// A type with a raw value conforms in one line, `extension Currency: PostgresRepresentable {}`; any other in two:
/// ```swift
/// extension OrderID: PostgresRepresentable {
///     package var postgresRepresentation: UUID { uuid }
///     package init(postgresRepresentation: UUID) { self.init(uuid: postgresRepresentation) }
/// }
/// ```
package protocol PostgresRepresentable: PostgresDecodable, PostgresEncodable {
    /// What is stored.
    associatedtype PostgresRepresentation: PostgresDecodable, PostgresEncodable
    /// The stored form of this value.
    var postgresRepresentation: PostgresRepresentation { get }
    /// The value of a stored form.
    ///
    /// - Throws: `.decoding`, when it is the form of no value.
    init(postgresRepresentation: PostgresRepresentation) throws(PostgresError)
}

extension PostgresRepresentable {
    package static var postgresType: PostgresType { PostgresRepresentation.postgresType }
    package var isPostgresNull: Bool { postgresRepresentation.isPostgresNull }

    package func encodePostgres(into bytes: inout [UInt8]) throws(PostgresError) {
        try postgresRepresentation.encodePostgres(into: &bytes)
    }

    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        try self.init(postgresRepresentation: PostgresRepresentation(postgresBinary: bytes, type: type))
    }
}

extension PostgresRepresentable where Self: RawRepresentable, RawValue: PostgresDecodable & PostgresEncodable {
    package var postgresRepresentation: RawValue { rawValue }

    package init(postgresRepresentation: RawValue) throws(PostgresError) {
        guard let value = Self(rawValue: postgresRepresentation) else {
            throw PostgresError(.decoding, "A stored value is no \(Self.self).")
        }
        self = value
    }
}
