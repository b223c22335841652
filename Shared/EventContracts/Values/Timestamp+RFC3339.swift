// RFC 3339 read and written by hand: a formatter of Foundation costs as much as a whole event (ARCHITECTURE.md, section 7).

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds. Years before 0000 and after 9999, which RFC 3339 cannot write, are shown as its first and last
    /// millisecond.
    package var description: String {
        let first: Int64 = -62_167_219_200_000
        let last: Int64 = 253_402_300_799_999
        let milliseconds = min(max(roundedDownToMilliseconds.microseconds / 1000, first), last)
        let days = (milliseconds - first) / Self.millisecondsPerDay
        var rest = (milliseconds - first) % Self.millisecondsPerDay
        let (year, month, day) = Self.date(daysSinceYear0: days)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func append(_ number: Int64, _ divisor: Int64, _ end: Unicode.Scalar) {
            var divisor = divisor
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
                divisor /= 10
            }
            text.append(UInt8(ascii: end))
        }
        append(year, 1000, "-")
        append(month, 10, "-")
        append(day, 10, "T")
        append(rest / 3_600_000, 10, ":")
        rest %= 3_600_000
        append(rest / 60_000, 10, ":")
        rest %= 60_000
        append(rest / 1000, 10, ".")
        append(rest % 1000, 100, "Z")
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads RFC 3339: any offset, any number of digits of the second, of which those below a microsecond are cut off. A leap second
    /// (23:59:60 UTC) is the first moment of the next day.
    package init?(rfc3339 text: String) {
        guard text.utf8.count <= 64 else { return nil }
        var scanner = TimeScanner(bytes: Array(text.utf8))
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2), scanner.take("-"),
            let day = scanner.number(2),
            scanner.take("T") || scanner.take("t"),
            let hour = scanner.number(2), scanner.take(":"), let minute = scanner.number(2), scanner.take(":"),
            let second = scanner.number(2),
            let fraction = scanner.fraction(), let offsetMinutes = scanner.offset(), scanner.isAtEnd,
            (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = Self.days(since1970ToYear: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3600 + (minute - offsetMinutes) * 60 + second
        if second == 60, seconds % 86_400 != 0 { return nil }
        self.init(microseconds: seconds * 1_000_000 + fraction)
    }

    private static let millisecondsPerDay: Int64 = 86_400_000

    /// The days of 400 years, after which the calendar repeats itself.
    private static let daysPerEra: Int64 = 146_097

    /// Days from 0000-01-01 to 0000-03-01, where the count below starts so that the leap day is the last of its year.
    private static let daysToMarch: Int64 = 60

    /// The calendar day of a day count, without loops (Howard Hinnant, "chrono-compatible low-level date algorithms").
    private static func date(daysSinceYear0 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days - daysToMarch + daysPerEra
        let dayOfEra = shifted % daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + (shifted / daysPerEra - 1) * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func days(since1970ToYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = (month <= 2 ? year - 1 : year) + 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (shifted / 400 - 1) * daysPerEra + dayOfEra - 719_468
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Takes a time of RFC 3339 apart, from left to right.
private struct TimeScanner {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    /// Exactly that many digits.
    mutating func number(_ digits: Int) -> Int64? {
        var number: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// The microseconds of `.123456`; 0 where there is no fraction, `nil` for a point without digits.
    mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        guard var microseconds = digit() else { return nil }
        var places = 1
        while let digit = digit() {
            if places < 6 {
                microseconds = microseconds * 10 + digit
                places += 1
            }
        }
        while places < 6 {
            microseconds *= 10
            places += 1
        }
        return microseconds
    }

    /// The minutes that local time is ahead of UTC.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let isAhead = take("+")
        guard isAhead || take("-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60 else { return nil }
        return (isAhead ? 1 : -1) * (hours * 60 + minutes)
    }

    private mutating func digit() -> Int64? {
        guard position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] else { return nil }
        defer { position += 1 }
        return Int64(bytes[position] - UInt8(ascii: "0"))
    }
}
