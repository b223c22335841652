package import EventContracts
import Kafka
import Postgres

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Names a dead letter.
package struct DeadLetterID: TypedID, PostgresRepresentable {
    package let uuid: UUID

    package init(uuid: UUID) {
        self.uuid = uuid
    }
}

/// A record that was given up: the head of a parked sequence after its last attempt, or one that nobody could read.
package struct DeadLetter: Sendable {
    /// What became of it.
    package enum Status: String, Sendable, CaseIterable, PostgresRepresentable {
        /// It lies here, and its followers wait, until somebody decides.
        case dead
        /// It was put back at the head of its sequence and is being tried.
        case resubmitted
        /// It was resubmitted, and then it went well.
        case handled
        /// An edited copy has taken its place.
        case repaired
        /// Given up for good; its followers go on.
        case discarded
    }

    package let id: DeadLetterID
    package let topic: String
    package let partition: Int32
    package let offset: Int64
    package let key: [UInt8]?
    package let value: [UInt8]?
    /// As they came, in their order.
    package let headers: [(name: String, value: [UInt8])]
    /// `nil` when the record could not be read.
    package let eventID: EventID?
    package let eventType: String?
    /// How often it was tried, over all its resubmissions.
    package let attempts: Int
    package let status: Status
    package let error: String
    package let firstFailedAt: Timestamp
    package let diedAt: Timestamp
    /// How often it was resubmitted.
    package let resubmissions: Int
    /// Of which letter it is the edited copy.
    package let repairs: DeadLetterID?
    /// How many events of its sequence wait behind it.
    package let parkedBehind: Int64
    /// When a resubmitted one is tried next.
    package let nextAttemptAt: Timestamp?

    /// Its place among the parked events, for the head of a sequence.
    let place: Int64?
    /// The key of that sequence; `nil` for a record that nobody could read.
    let sequenceKey: String?

    /// The record, as it once came.
    var record: ConsumedRecord {
        ConsumedRecord(
            topic: topic,
            partition: partition,
            offset: offset,
            timestampMilliseconds: 0,
            key: key,
            value: value,
            headers: headers.map { KafkaHeader(name: $0.name, value: $0.value) }
        )
    }
}

/// What an operator did about a dead letter.
package struct DeadLetterAction: Sendable {
    /// `resubmitted`, `edited` or `discarded`.
    package let action: String
    /// Who, as far as known.
    package let operatorName: String
    /// The request in which it was done.
    package let requestID: String?
    package let time: Timestamp
}
