/// The number under which the server's catalogue knows a type (`pg_type.oid`).
package typealias PostgresOID = UInt32

/// A type as the server knows it, so that parameters say what they are and results are checked before they are read.
///
/// The numbers of built-in types are fixed by PostgreSQL (`src/include/catalog/pg_type.dat`).
package struct PostgresType: Sendable, Hashable {
    /// The type itself.
    package let oid: PostgresOID
    /// The array of it; 0 when there is none that we can write.
    package let arrayOID: PostgresOID

    /// Names a type by its number and that of its array.
    package init(oid: PostgresOID, arrayOID: PostgresOID) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    /// `boolean`
    package static let bool = PostgresType(oid: 16, arrayOID: 1000)
    /// `bytea`, any bytes.
    package static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    /// `"char"`, one byte; not `character(1)`.
    package static let char = PostgresType(oid: 18, arrayOID: 1002)
    /// `name`, an identifier of the catalogue.
    package static let name = PostgresType(oid: 19, arrayOID: 1003)
    /// `bigint`
    package static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    /// `smallint`
    package static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    /// `integer`
    package static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    /// `text`
    package static let text = PostgresType(oid: 25, arrayOID: 1009)
    /// `oid`, an unsigned number of the catalogue.
    package static let oid = PostgresType(oid: 26, arrayOID: 1028)
    /// `json`
    package static let json = PostgresType(oid: 114, arrayOID: 199)
    /// `real`
    package static let float4 = PostgresType(oid: 700, arrayOID: 1021)
    /// `double precision`
    package static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    /// What a string literal is before it has a type.
    package static let unknown = PostgresType(oid: 705, arrayOID: 0)
    /// `character(n)`
    package static let bpchar = PostgresType(oid: 1042, arrayOID: 1014)
    /// `character varying`
    package static let varchar = PostgresType(oid: 1043, arrayOID: 1015)
    /// `timestamp with time zone`
    package static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    /// `numeric`
    package static let numeric = PostgresType(oid: 1700, arrayOID: 1231)
    /// `uuid`
    package static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    /// `jsonb`
    package static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)

    /// The first number given to what users create: enums and domains among them.
    static let firstUserOID: PostgresOID = 16384
}
