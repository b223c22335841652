import Synchronization

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Makes identifiers that sort by the time at which they were made (RFC 9562, section 5.7).
///
/// Layout: 48 bits of Unix milliseconds, 12 bits of the fraction of that millisecond (method 3 of section 6.2), 62 random bits from the
/// system. Guarantee: within a process each identifier is greater than the one before, on any thread. When more than one falls into the
/// same 1/4096 ms, or the clock goes back, the time in the identifier counts on by itself until the clock has caught up.
package enum UUIDv7 {
    private static let sequence = Mutex(Sequence())

    /// A new identifier.
    package static func make() -> UUID {
        let now = Date()
        let random = UInt64.random(in: .min ... .max)
        return sequence.withLock { $0.next(at: now, random: random) }
    }

    /// Identifiers that ascend whatever the clock does: what `make()` takes from, and what tests run with a clock of their own.
    package struct Sequence: Sendable {
        /// The last time given out, in 1/4096 ms since 1970.
        private var lastTick: UInt64 = 0

        /// A sequence that may begin anywhere.
        package init() {}

        /// An identifier greater than all before it.
        ///
        /// - Parameters:
        ///   - now: the clock; the identifier has this time or, if that is not later than the last one's, the first moment after that.
        ///   - random: of which the lower 62 bits are used.
        package mutating func next(at now: Date, random: UInt64) -> UUID {
            lastTick = max(UUIDv7.tick(of: now), lastTick + 1)
            return UUIDv7.uuid(tick: lastTick, random: random)
        }
    }

    /// When an identifier was made, to the 1/4096 of a millisecond if this process made it; `nil` if it is not a version 7 UUID.
    package static func timestamp(of uuid: UUID) -> Date? {
        let (high, low) = uuid.words
        guard high >> 12 & 0xF == 7, low >> 62 == 0b10 else { return nil }
        let tick = (high >> 16) << 12 | high & 0xFFF
        return Date(timeIntervalSince1970: Double(tick) / ticksPerSecond)
    }

    /// The smallest identifier that can be made at a time: where a search by time begins. Times before 1970 or after 10889 are brought
    /// into that range.
    package static func lowest(at date: Date) -> UUID {
        uuid(tick: tick(of: date), random: 0)
    }

    private static let ticksPerSecond: Double = 4_096_000

    private static func tick(of date: Date) -> UInt64 {
        let ticks = date.timeIntervalSince1970 * ticksPerSecond
        guard ticks > 0 else { return 0 }
        return ticks < 0x1p60 ? UInt64(ticks) : 1 << 60 - 1
    }

    private static func uuid(tick: UInt64, random: UInt64) -> UUID {
        let milliseconds = tick >> 12
        return UUID(high: milliseconds << 16 | 7 << 12 | tick & 0xFFF, low: 0b10 << 62 | random & (1 << 62 - 1))
    }
}
