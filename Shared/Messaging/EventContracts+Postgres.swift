package import EventContracts
package import Postgres

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

// How the values that events carry are stored. EventContracts knows no database and Postgres knows no events; they meet here.

extension TypedID {
    /// Stored as a `uuid`.
    package var postgresRepresentation: UUID { uuid }

    /// Every `uuid` is an id.
    package init(postgresRepresentation: UUID) throws(PostgresError) { self.init(uuid: postgresRepresentation) }
}

extension EventID: PostgresRepresentable {}
extension UserID: PostgresRepresentable {}
extension OrderID: PostgresRepresentable {}
extension EntryID: PostgresRepresentable {}
extension PaymentID: PostgresRepresentable {}
extension MessageID: PostgresRepresentable {}
extension Currency: PostgresRepresentable {}
extension MessageKind: PostgresRepresentable {}
extension RejectionReason: PostgresRepresentable {}

extension Timestamp: PostgresRepresentable {
    /// Stored as a `timestamptz`.
    package var postgresRepresentation: PostgresTimestamp { PostgresTimestamp(microseconds: microseconds) }

    /// Every finite `timestamptz` is a time.
    package init(postgresRepresentation: PostgresTimestamp) throws(PostgresError) {
        self.init(microseconds: postgresRepresentation.microseconds)
    }
}
