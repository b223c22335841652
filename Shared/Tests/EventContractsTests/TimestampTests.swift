import EventContracts
import Foundation
import JSON
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "Times are read and written",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"),
            ("2026-11-21T10:10:23.123Z", 1_795_255_823_123_000, "2026-11-21T10:10:23.123Z"),
            ("2026-11-21t11:40:23.123456789+01:30", 1_795_255_823_123_456, "2026-11-21T10:10:23.123Z"),
            ("2026-11-21T10:10:23.1z", 1_795_255_823_100_000, "2026-11-21T10:10:23.100Z"),
            ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999Z"),
            ("2024-02-29T00:00:00-00:00", 1_709_164_800_000_000, "2024-02-29T00:00:00.000Z"),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000, "2000-02-29T12:00:00.000Z"),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000, "0000-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999_000, "9999-12-31T23:59:59.999Z"),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000, "2017-01-01T00:00:00.000Z"),
            ("2017-01-01T05:29:60+05:30", 1_483_228_800_000_000, "2017-01-01T00:00:00.000Z"),
        ]
    )
    func readsAndWrites(text: String, microseconds: Int64, written: String) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.microseconds == microseconds)
        #expect(time.description == written)
        #expect(try Timestamp(json: .string(text)) == time)
        #expect(jsonBytes(time) == Array("\"\(written)\"".utf8))
    }

    @Test(
        "What is not RFC 3339 is refused",
        arguments: [
            "", "2026-11-21", "2026-11-21T10:10:23", "2026-11-21 10:10:23Z", "2026-11-21T10:10Z", "2026-11-21T10:10:23.Z",
            "2026-11-21T10:10:23,5Z",
            "2026-00-21T10:10:23Z", "2026-13-21T10:10:23Z", "2026-11-00T10:10:23Z", "2026-11-31T10:10:23Z", "2026-02-29T10:10:23Z",
            "1900-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z", "2026-11-21T10:10:61Z", "2026-11-21T10:10:60Z", "2026-11-21T10:10:23+24:00",
            "2026-11-21T10:10:23+0130", "2026-11-21T10:10:23+01", "26-11-21T10:10:23Z", "+2026-11-21T10:10:23Z", "2026-11-21T10:10:23Z ",
            "now",
            "２０２６-11-21T10:10:23Z", "2026-11-21T10:10:23.0000000000000000000000000000000000000000000000000000000000000Z",
        ]
    )
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
        #expect(throws: JSONDecodingError.self) { try Timestamp(json: .string(text)) }
    }

    @Test("Days throughout eight hundred years are written as Foundation's calendar has it, and read back")
    func agreesWithFoundation() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let firstDay = -135_140  // 1600-01-01
        for day in stride(from: firstDay, to: firstDay + 292_194, by: 61) {
            let time = Timestamp(microseconds: Int64(day) * 86_400_000_000 + 45_296_789_000)
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: time.date)
            let expected = [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second].map { $0 ?? -1 }
            let text = time.description
            let numbers = text.dropLast(5).split { "-T:".contains($0) }.compactMap { Int($0) }
            #expect(numbers == expected)
            #expect(Timestamp(rfc3339: text) == time)
        }
    }

    @Test("Every day of four centuries has a text of its own, in order")
    func isMonotonic() {
        var last = ""
        for day in Int64(0)..<146_098 {
            let time = Timestamp(microseconds: day * 86_400_000_000)
            let text = time.description
            #expect(text > last)
            #expect(Timestamp(rfc3339: text) == time)
            last = text
        }
    }

    @Test(
        "Times beyond what RFC 3339 can write are shown as its ends",
        arguments: [
            (Int64.max, "9999-12-31T23:59:59.999Z"), (Int64.min, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000_001, "0000-01-01T00:00:00.000Z"),
            (253_402_300_800_000_000, "9999-12-31T23:59:59.999Z"),
        ]
    )
    func staysInRange(microseconds: Int64, expected: String) {
        #expect(Timestamp(microseconds: microseconds).description == expected)
    }

    @Test("Reckoning with durations is exact, and stops at the ends")
    func reckons() {
        let time = Timestamp(microseconds: 1_000_000)
        #expect(time + .milliseconds(1500) == Timestamp(microseconds: 2_500_000))
        #expect(time - .seconds(2) == Timestamp(microseconds: -1_000_000))
        #expect(time - Timestamp(microseconds: 3_500_000) == .milliseconds(-2500))
        #expect(Timestamp(microseconds: .max) + .seconds(1) == Timestamp(microseconds: .max))
        #expect(Timestamp(microseconds: .min) - .seconds(1) == Timestamp(microseconds: .min))
        #expect(time + .seconds(Int64.max) == Timestamp(microseconds: .max))
        #expect(Timestamp(microseconds: -1).roundedDownToMilliseconds == Timestamp(microseconds: -1000))
        #expect(Timestamp(microseconds: 1_999).roundedDownToMilliseconds == Timestamp(microseconds: 1_000))
        #expect(Timestamp(microseconds: .min).roundedDownToMilliseconds < Timestamp(microseconds: .min + 1_000))
    }

    @Test("Dates go in and out")
    func convertsDates() {
        #expect(Timestamp(Date(timeIntervalSince1970: 1.5)) == Timestamp(microseconds: 1_500_000))
        #expect(Timestamp(microseconds: 1_500_000).date == Date(timeIntervalSince1970: 1.5))
        #expect(Timestamp(Date(timeIntervalSince1970: 1e300)) == Timestamp(microseconds: .max))
        #expect(Timestamp(Date(timeIntervalSince1970: -1e300)) == Timestamp(microseconds: .min))
        #expect(abs(Timestamp.now.date.timeIntervalSinceNow) < 1)
    }
}
