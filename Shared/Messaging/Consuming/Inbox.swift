import EventContracts
import Postgres

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Remembers which events a consumer group has handled, in the transaction of what it did about them: the effect happens once.
struct Inbox: Sendable {
    let group: String

    /// Marks events as handled; returns the ids of those that were not before.
    ///
    /// The ids are sorted, so that two consumers that meet the same events (after a rebalance) wait for each other in one order.
    func mark(_ events: [EventID]) -> SQL {
        """
        INSERT INTO messaging.inbox (consumer_group, event_id)
        SELECT \(group), event_id FROM unnest(\(events.map(\.uuid).sorted())) AS event_id
        ON CONFLICT DO NOTHING
        RETURNING event_id
        """
    }
}
