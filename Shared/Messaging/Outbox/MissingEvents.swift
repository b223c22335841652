/// What a relay knows about event ids: how far it has read, which ids it passed over without seeing them, and when it may forget those.
///
/// Ids are drawn in order but committed in any order, so a reader meets gaps. A gap is either a transaction that is still open, whose event
/// will appear, or one that was rolled back, whose id never will. A bare cursor loses the first kind; this keeps every missing id until the
/// database shows that nobody can fill it any more.
///
/// **Why an id may be forgotten.** Let a transaction T draw id k. T has a transaction id before it draws (``Outbox``). The reader sees a
/// higher id j, so k was drawn before this read, and T's transaction id was assigned before it too. The reader then asks the database to
/// assign a transaction id `bound`, later than the read: T's is smaller. When a later snapshot has `xmin >= bound`, every transaction with
/// a smaller id is over, T among them; if k is not visible to a read after that snapshot, T was rolled back. (The snapshot's own `xmax`
/// will not do for `bound`: it is one more than the highest *finished* id, and T may have a higher one and still be open.)
package struct MissingEvents: Sendable, Equatable {
    /// The highest id that was read.
    package private(set) var highestSeen: Int64
    /// Ids below `highestSeen` that were not seen, each with the bound below which its writer's transaction id lies, once known.
    package private(set) var missing: [Int64: UInt64?] = [:]

    /// Starts after `position`: everything up to it is done.
    package init(after position: Int64) {
        highestSeen = position
    }

    /// Whether a bound has to be drawn for ids that were found missing by the last read.
    package var needsBound: Bool { missing.values.contains { $0 == nil } }

    /// The ids to ask for again, in order.
    package var missingIDs: [Int64] { missing.keys.sorted() }

    /// Notes `bound`, a transaction id that was assigned after the last read, for the ids that had none.
    package mutating func note(bound: UInt64) {
        for (id, known) in missing where known == nil { missing[id] = bound }
    }

    /// Takes in a read.
    ///
    /// - Parameters:
    ///   - ids: The ids that were read, ascending: missing ones that appeared and new ones beyond `highestSeen`.
    ///   - xmin: The oldest open transaction id of a snapshot taken **before** the read.
    package mutating func observe(_ ids: [Int64], xmin: UInt64) {
        for id in ids where id <= highestSeen { missing[id] = nil }
        missing = missing.filter { _, bound in
            guard let bound else { return true }
            return bound > xmin
        }
        for id in ids where id > highestSeen {
            // A jump is as wide as the rolled-back inserts between two reads, or the values that a crash of the server discards.
            for skipped in (highestSeen + 1)..<id { missing[skipped] = .some(nil) }
            highestSeen = id
        }
    }

    /// The highest id below and at which nothing is missing, given that everything read up to now was published.
    package var position: Int64 {
        missing.keys.min().map { $0 - 1 } ?? highestSeen
    }
}
