import Postgres
import ServiceTesting
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is sent comes back, and what has no form is refused.
@Suite struct CodecTests {
    /// Sends a value as a parameter, and reads it back.
    private func roundTrip<Value: PostgresCodable>(_ value: Value, over pool: PostgresPool) async throws -> Value? {
        try await pool.query("SELECT \(value)").decode(Value.self).first
    }

    @Test("Numbers come back as they were sent, the extremes too")
    func numbers() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            for value in [Int64.min, -1, 0, 1, .max] { #expect(try await roundTrip(value, over: pool) == value) }
            for value in [Int32.min, -1, 0, 1, .max] { #expect(try await roundTrip(value, over: pool) == value) }
            for value in [Int16.min, -1, 0, 1, .max] { #expect(try await roundTrip(value, over: pool) == value) }
            for value in [Int.min, -1, 0, 1, .max] { #expect(try await roundTrip(value, over: pool) == value) }
            for value in [true, false] { #expect(try await roundTrip(value, over: pool) == value) }
            for value in [0, -0.1, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, -.infinity] as [Double] {
                #expect(try await roundTrip(value, over: pool) == value)
            }
            #expect(try await roundTrip(Double.nan, over: pool)?.isNaN == true)
        }
    }

    @Test("Texts, bytes, ids and times come back as they were sent")
    func others() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            for value in ["", "a", "'; DROP TABLE users; --", "Zoë 👩‍👩‍👧 \u{FFFF}", String(repeating: "é", count: 100_000)] {
                #expect(try await roundTrip(value, over: pool) == value)
            }
            for value in [[], [0], Array(0...255)] as [[UInt8]] { #expect(try await roundTrip(value, over: pool) == value) }
            let id = UUID()
            #expect(try await roundTrip(id, over: pool) == id)
            for microseconds in [0, 1, -1, 946_684_800_000_000, 1_795_000_000_123_456, .max, .min] as [Int64] {
                let time = PostgresTimestamp(microseconds: microseconds)
                #expect(try await roundTrip(time, over: pool) == time)
            }
            let text = try await pool.query("SELECT \(PostgresTimestamp(microseconds: 1_500_000)) = '1970-01-01T00:00:01.5Z'::timestamptz")
            #expect(try text.decode(Bool.self) == [true])
        }
    }

    @Test("Arrays come back as they were sent, empty ones and NULLs among the elements too")
    func arrays() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            #expect(try await roundTrip([Int64](), over: pool) == [])
            #expect(try await roundTrip([Int64.min, 0, .max], over: pool) == [.min, 0, .max])
            #expect(try await roundTrip([Int32.min, .max], over: pool) == [.min, .max])
            #expect(try await roundTrip([Int16.min, .max], over: pool) == [.min, .max])
            #expect(try await roundTrip([true, false], over: pool) == [true, false])
            #expect(try await roundTrip([0.5, -1], over: pool) == [0.5, -1])
            #expect(try await roundTrip(["a", nil, "", "{\"c\"}", nil], over: pool) == ["a", nil, "", "{\"c\"}", nil])
            #expect(try await roundTrip([[1, 2], [], [0]] as [[UInt8]], over: pool) == [[1, 2], [], [0]])
            let ids = (0..<1000).map { _ in UUID() }
            #expect(try await roundTrip(ids, over: pool) == ids)
            let times = [PostgresTimestamp(microseconds: 5), nil]
            #expect(try await roundTrip(times, over: pool) == times)
        }
    }

    @Test("NULL is nil where it may be, and an error where it may not")
    func nulls() async throws {
        try await TestDatabase.with { database async throws in
            let nothing: String? = nil
            let rows = try await database.pool.query("SELECT \(nothing), \(nothing) IS NULL, \(Int64?.some(3))")
            let (text, isNull, number) = try #require(rows.first).decode(String?.self, Bool.self, Int64?.self)
            #expect(text == nil)
            #expect(isNull)
            #expect(number == 3)
            #expect { try rows.decode(String.self) } throws: { ($0 as? PostgresError)?.code == .decoding }
            let holes = try await database.pool.query("SELECT ARRAY[1, NULL]::bigint[]")
            #expect { try holes.decode([Int64].self) } throws: { ($0 as? PostgresError)?.code == .decoding }
        }
    }

    @Test("Integers are read from any type of integer, and from a whole numeric, if they fit")
    func integerConversions() async throws {
        try await TestDatabase.with { database async throws in
            let rows = try await database.pool.query(
                """
                SELECT 7::smallint, 8::integer, 9::bigint, sum(x), 0::numeric, 10000::numeric, -9223372036854775808::numeric
                FROM unnest(ARRAY[9223372036854775806, 1]::bigint[]) AS x
                """
            )
            let row = try #require(rows.first)
            let values = try (0..<7).map { column throws(PostgresError) in try row.decode(Int64.self, at: column) }
            #expect(values == [7, 8, 9, .max, 0, 10_000, .min])
            for literal in ["1.5", "0.0001", "9223372036854775808", "1e30", "'NaN'"] {
                let rows = try await database.pool.query("SELECT \(unescaped: literal)::numeric")
                #expect { try rows.decode(Int64.self) } throws: { ($0 as? PostgresError)?.code == .decoding }
            }
            let large = try await database.pool.query("SELECT 32768")
            #expect { try large.decode(Int16.self) } throws: { ($0 as? PostgresError)?.code == .decoding }
        }
    }

    @Test("Texts are read from JSON, names and enums")
    func textConversions() async throws {
        try await TestDatabase.with { database async throws in
            _ = try await database.pool.query("CREATE TYPE mood AS ENUM ('happy', 'sad')")
            let rows = try await database.pool.query(
                "SELECT '{\"a\": 1}'::jsonb, '[1]'::json, current_database(), \("sad")::mood, 'v'::varchar(3), 'c'::char(2), 'u'"
            )
            let (jsonb, json, name, mood, varchar, char, literal) = try #require(rows.first).decode(
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self
            )
            #expect([jsonb, json, mood, varchar, char, literal] == ["{\"a\": 1}", "[1]", "sad", "v", "c ", "u"])
            #expect(name == database.configuration.database)
        }
    }

    @Test("A NUL byte in a text is an error, not the end of the text", arguments: 0...2)
    func nulBytes(position: Int) async throws {
        let text = String(repeating: "a", count: position) + "\0" + String(repeating: "b", count: 2 - position)
        try await TestDatabase.with { database async throws in
            await #expect { try await database.pool.query("SELECT \(text)") } throws: { ($0 as? PostgresError)?.code == .invalidText }
            await #expect { try await database.pool.query("SELECT \([text])") } throws: { ($0 as? PostgresError)?.code == .invalidText }
            await #expect { try await database.pool.query("SELECT '\(unescaped: text)'") } throws: {
                ($0 as? PostgresError)?.code == .invalidText
            }
            #expect(try await database.pool.query("SELECT 1").decode(Int32.self) == [1])
        }
    }

    @Test("More parameters than the protocol counts are an error, not a trap")
    func tooManyParameters() async throws {
        try await TestDatabase.with { database async throws in
            func statement(_ count: Int) -> SQL {
                var interpolation = SQL.StringInterpolation(literalCapacity: count, interpolationCount: count)
                interpolation.appendLiteral("SELECT ")
                interpolation.appendInterpolation(Int64(0))
                for _ in 1..<count {
                    interpolation.appendLiteral("+")
                    interpolation.appendInterpolation(Int64(1))
                }
                return SQL(stringInterpolation: interpolation)
            }
            await #expect { try await database.pool.query(statement(65_536)) } throws: {
                ($0 as? PostgresError)?.code == .tooManyParameters
            }
            #expect(try await database.pool.query(statement(1000)).decode(Int64.self) == [999])
        }
    }

    @Test("Asking for other types or more columns than there are is an error")
    func mismatches() async throws {
        try await TestDatabase.with { database async throws in
            let rows = try await database.pool.query("SELECT 1::bigint, 'x'::text")
            #expect { try rows.decode(String.self) } throws: { ($0 as? PostgresError)?.code == .decoding }
            #expect { try rows.decode(Int64.self, UUID.self) } throws: { ($0 as? PostgresError)?.code == .decoding }
            #expect { try rows.decode(Int64.self, String.self, Bool.self) } throws: { ($0 as? PostgresError)?.code == .decoding }
            #expect { try rows[0].decode(Int64.self, at: -1) } throws: { ($0 as? PostgresError)?.code == .decoding }
            let matrix = try await database.pool.query("SELECT ARRAY[[1,2],[3,4]]::bigint[]")
            #expect { try matrix.decode([Int64].self) } throws: { ($0 as? PostgresError)?.code == .decoding }
        }
    }

    private enum Mood: String, PostgresRepresentable { case happy, sad }

    private struct Ticket: PostgresRepresentable, Equatable {
        let number: Int64
        init(number: Int64) { self.number = number }
        var postgresRepresentation: Int64 { number }
        init(postgresRepresentation: Int64) { number = postgresRepresentation }
    }

    @Test("Types of ours are stored as what represents them, and unknown values are errors")
    func representables() async throws {
        try await TestDatabase.with { database async throws in
            let pool = database.pool
            #expect(try await roundTrip(Mood.sad, over: pool) == .sad)
            #expect(try await roundTrip([Mood.sad, .happy], over: pool) == [.sad, .happy])
            #expect(try await roundTrip([Ticket(number: 3), nil], over: pool) == [Ticket(number: 3), nil])
            let unknown = try await pool.query("SELECT 'angry'::text")
            #expect { try unknown.decode(Mood.self) } throws: { ($0 as? PostgresError)?.code == .decoding }
        }
    }
}
