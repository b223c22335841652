package import JSON

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A point in time, in whole microseconds since 1970-01-01T00:00:00Z, leap seconds not counted: what Postgres stores and the wire carries.
///
/// As text, and so in JSON, it is RFC 3339 in UTC with three digits of milliseconds, `2026-11-21T10:10:23.123Z`; the microseconds below
/// are cut off.
package struct Timestamp: Sendable, Hashable {
    /// Microseconds since 1970; negative before.
    package let microseconds: Int64

    /// - Parameter microseconds: since 1970; any number is accepted.
    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The time of a `Date`, to the nearest microsecond; what lies beyond the years that `Int64` can count is brought to its ends.
    package init(_ date: Date) {
        let microseconds = (date.timeIntervalSince1970 * 1_000_000).rounded()
        self.init(microseconds: Int64(exactly: microseconds) ?? (microseconds > 0 ? .max : .min))
    }

    /// The wall clock.
    package static var now: Timestamp {
        Timestamp(Date())
    }

    /// The same time as a `Date`.
    package var date: Date {
        Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
    }

    /// The time cut to whole milliseconds: what is left of it after a journey over the wire.
    package var roundedDownToMilliseconds: Timestamp {
        let remainder = microseconds % 1000
        let cut = microseconds - remainder
        return Timestamp(microseconds: remainder < 0 ? max(cut, .min + 1000) - 1000 : cut)
    }

    /// The time a duration later, or earlier for a negative one; at the ends of the range it stays there.
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let (whole, tooFar) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (delta, tooFarStill) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        let (sum, beyond) = time.microseconds.addingReportingOverflow(delta)
        return Timestamp(microseconds: tooFar || tooFarStill || beyond ? (seconds < 0 ? .min : .max) : sum)
    }

    /// The time a duration earlier.
    package static func - (time: Timestamp, duration: Duration) -> Timestamp {
        time + (.zero - duration)
    }

    /// How long after `other` this is; negative when it is before.
    package static func - (time: Timestamp, other: Timestamp) -> Duration {
        .microseconds(time.microseconds) - .microseconds(other.microseconds)
    }
}

extension Timestamp: Comparable {
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension Timestamp: JSONEncodable, JSONDecodable {
    package func write(to writer: inout JSONWriter) {
        writer.string(description)
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .string(let text) = json, let time = Timestamp(rfc3339: text) else {
            throw JSONDecodingError("must be an RFC 3339 time such as 2026-11-21T10:10:23.123Z")
        }
        self = time
    }
}
