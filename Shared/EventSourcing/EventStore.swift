import EventContracts
import JSON
package import Postgres

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Keeps streams of facts in one table of Postgres.
///
/// The table has the primary key (stream, version), which makes concurrency optimistic even if a lock were forgotten: two writers that saw
/// the same version cannot both append the next one (`.uniqueViolation`).
/// ```sql
/// CREATE TABLE … (stream uuid, version bigint, id uuid, kind text, schema_version integer, payload text, occurred_at timestamptz,
///                 unique_key uuid UNIQUE, PRIMARY KEY (stream, version))
/// ```
package struct EventStore<Fact: StoredFact>: Sendable {
    private let table: String

    /// - Parameter table: The table's name, as it is written in SQL.
    package init(table: StaticString) {
        self.table = "\(table)"
    }

    /// Appends facts, in one statement; one error fails all.
    package func append(_ facts: [Recorded<Fact>]) -> SQL {
        """
        INSERT INTO \(unescaped: table) (stream, version, id, kind, schema_version, payload, occurred_at, unique_key)
        SELECT * FROM unnest(
            \(facts.map(\.stream)), \(facts.map(\.version)), \(facts.map(\.id)), \(facts.map(\.fact.kind)),
            \(facts.map { _ in Int32(Fact.schemaVersion) }), \(facts.map { String(decoding: jsonBytes($0.fact), as: UTF8.self) }),
            \(facts.map { PostgresTimestamp(microseconds: $0.occurredAt.microseconds) }), \(facts.map(\.uniqueKey)))
        """
    }

    /// All facts of some streams, each stream's in order, up to a version if one is given.
    package func facts(of streams: [UUID], upTo version: Int64 = .max) -> SQL {
        """
        SELECT stream, version, id, kind, schema_version, payload, occurred_at, unique_key FROM \(unescaped: table)
        WHERE stream = ANY(\(streams)) AND version <= \(version) ORDER BY stream, version
        """
    }

    /// A page of one stream, the newest fact first.
    ///
    /// - Parameters:
    ///   - version: Only facts before this one.
    ///   - limit: The most facts to return.
    package func newestFacts(of stream: UUID, before version: Int64, limit: Int) -> SQL {
        """
        SELECT stream, version, id, kind, schema_version, payload, occurred_at, unique_key FROM \(unescaped: table)
        WHERE stream = \(stream) AND version < \(version) ORDER BY version DESC LIMIT \(Int64(limit))
        """
    }

    /// The unique keys among `keys` that are taken.
    package func taken(_ keys: [UUID]) -> SQL {
        "SELECT unique_key FROM \(unescaped: table) WHERE unique_key = ANY(\(keys))"
    }

    /// Reads what ``facts(of:upTo:)`` or ``newestFacts(of:before:limit:)`` found.
    ///
    /// - Throws: `PostgresError` with `.decoding` when a stored fact cannot be read: a fact of a newer version of the program.
    package func decode(_ rows: PostgresRows) throws(PostgresError) -> [Recorded<Fact>] {
        var facts: [Recorded<Fact>] = []
        facts.reserveCapacity(rows.count)
        for row in rows {
            let (stream, version, id, kind, schemaVersion, payload, occurredAt, uniqueKey) = try row.decode(
                UUID.self,
                Int64.self,
                UUID.self,
                String.self,
                Int32.self,
                String.self,
                PostgresTimestamp.self,
                UUID?.self
            )
            do {
                let json = try JSONValue(parsing: Array(payload.utf8))
                facts.append(
                    Recorded(
                        stream: stream,
                        version: version,
                        id: id,
                        occurredAt: Timestamp(microseconds: occurredAt.microseconds),
                        fact: try Fact(kind: kind, schemaVersion: Int(schemaVersion), json: json),
                        uniqueKey: uniqueKey
                    )
                )
            } catch {
                throw PostgresError(.decoding, "The stored fact \(stream)/\(version) of kind \(kind) cannot be read: \(error)")
            }
        }
        return facts
    }
}
