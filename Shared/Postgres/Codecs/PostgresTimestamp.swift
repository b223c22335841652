/// `timestamp with time zone`: a moment, to the microsecond, in the wire's own unit.
package struct PostgresTimestamp: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z. `Int64.max` and `Int64.min` are the server's `infinity` and `-infinity`.
    package let microseconds: Int64

    /// A moment, by microseconds since 1970.
    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Later than every moment.
    package static let infinity = PostgresTimestamp(microseconds: .max)
    /// Earlier than every moment.
    package static let negativeInfinity = PostgresTimestamp(microseconds: .min)

    package static func < (left: Self, right: Self) -> Bool {
        left.microseconds < right.microseconds
    }

    /// The server counts from 2000-01-01T00:00:00Z.
    private static let epoch: Int64 = 946_684_800_000_000
}

extension PostgresTimestamp: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .timestamptz }

    /// - Throws: `.encoding` for a moment before 290,278 BC, which the wire cannot carry.
    package func encodePostgres(into bytes: inout [UInt8]) throws(PostgresError) {
        if self == .infinity || self == .negativeInfinity { return bytes.appendBigEndian(microseconds) }
        let (value, overflow) = microseconds.subtractingReportingOverflow(Self.epoch)
        guard !overflow, value != .min else { throw PostgresError(.encoding, "A time is out of the server's range.") }
        bytes.appendBigEndian(value)
    }

    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        guard type == PostgresType.timestamptz.oid else { throw .mismatch(type, Self.self) }
        let value = try Int64(bigEndianBytes: bytes)
        if value == .max || value == .min {
            self.init(microseconds: value)
            return
        }
        let (microseconds, overflow) = value.addingReportingOverflow(Self.epoch)
        guard !overflow, microseconds != .max else { throw PostgresError(.decoding, "A time is out of range.") }
        self.init(microseconds: microseconds)
    }
}
