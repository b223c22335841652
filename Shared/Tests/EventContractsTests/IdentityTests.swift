import EventContracts
import FoundationEssentials
import JSON
import Synchronization
import Testing

@Suite("Identifiers")
struct IdentityTests {
    @Test("A hundred thousand identifiers ascend, and none comes twice")
    func ascends() {
        let ids = (0..<100_000).map { _ in EventID() }
        #expect(zip(ids, ids.dropFirst()).allSatisfy(<))
        #expect(Set(ids).count == ids.count)
        let texts = ids.map(\.description)
        #expect(zip(texts, texts.dropFirst()).allSatisfy(<))
    }

    @Test("Identifiers ascend while the clock stands still or goes back, and keep to it when it goes on")
    func ascendsWhateverTheClockDoes() throws {
        var sequence = UUIDv7.Sequence()
        let start = Date(timeIntervalSince1970: 1_795_255_823)
        let clock = Array(repeating: start, count: 50_000) + (0..<50_000).map { start.addingTimeInterval(-Double($0)) }
        let ids = clock.enumerated().map { sequence.next(at: $1, random: $0.isMultiple(of: 2) ? .max : 0) }
        #expect(zip(ids, ids.dropFirst()).allSatisfy(<))
        #expect(ids.allSatisfy { UUIDv7.timestamp(of: $0) != nil })
        let last = try #require(ids.last.flatMap(UUIDv7.timestamp))
        #expect(abs(last.timeIntervalSince(start) - 100_000 / 4_096_000) < 0.001, "each takes 1/4096 ms, no more")
        let later = sequence.next(at: start.addingTimeInterval(60), random: 0)
        #expect(UUIDv7.timestamp(of: later) == start.addingTimeInterval(60))
    }

    @Test("Identifiers made at once on many threads are unique, and each thread's ascend")
    func ascendsConcurrently() async {
        let all = await withTaskGroup(of: [UUID].self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<20_000).map { _ in UUIDv7.make() } }
            }
            return await group.reduce(into: [[UUID]]()) { $0.append($1) }
        }
        for ids in all { #expect(zip(ids, ids.dropFirst()).allSatisfy(<)) }
        #expect(Set(all.joined()).count == 160_000)
    }

    @Test("An identifier is a UUID of version 7 and knows when it was made")
    func carriesTime() throws {
        let before = Date()
        let id = UUIDv7.make()
        let time = try #require(UUIDv7.timestamp(of: id))
        #expect(abs(time.timeIntervalSince(before)) < 1)
        let text = Array(OrderID(uuid: id).description)
        #expect(text[14] == "7")
        #expect("89ab".contains(text[19]))
        #expect(UUIDv7.timestamp(of: UUID()) == nil)
        #expect(UUIDv7.timestamp(of: try #require(UUID(uuidString: "01a1fdb6-a448-7d90-0f7a-b44a04c9d89d"))) == nil)
    }

    @Test("A search from a time finds what was made after it and nothing before")
    func findsLowest() throws {
        let first = UUIDv7.make()
        let time = try #require(UUIDv7.timestamp(of: first))
        #expect(UUIDv7.lowest(at: time.addingTimeInterval(-0.001)) < first)
        #expect(UUIDv7.lowest(at: time.addingTimeInterval(0.001)) > first)
        #expect(UUIDv7.lowest(at: .distantPast) == UUIDv7.lowest(at: Date(timeIntervalSince1970: 0)))
        #expect(UUIDv7.lowest(at: Date(timeIntervalSince1970: 1e300)) > UUIDv7.lowest(at: .distantFuture))
        #expect(
            OrderID(uuid: UUIDv7.lowest(at: Date(timeIntervalSince1970: 1_795_255_823.5))).description
                == "01a1fd95-ec8c-7000-8000-000000000000"
        )
    }

    @Test("The canonical form is read in either case and written in lower case")
    func readsCanonicalForm() throws {
        let id = try #require(OrderID("01A1FDB6-a448-7D90-BF7A-b44a04c9d89d"))
        #expect(id.description == "01a1fdb6-a448-7d90-bf7a-b44a04c9d89d")
        #expect(id.uuid == UUID(uuidString: "01A1FDB6-A448-7D90-BF7A-B44A04C9D89D"))
        #expect(try OrderID(json: JSONValue(parsing: jsonBytes(id))) == id)
        for _ in 0..<1000 {
            let uuid = UUID()
            #expect(UserID(uuid: uuid).description == uuid.uuidString.lowercased())
            #expect(UserID(uuid.uuidString)?.uuid == uuid)
        }
    }

    @Test(
        "Other spellings are refused",
        arguments: [
            "", "01a1fdb6a4487d90bf7ab44a04c9d89d", "{01a1fdb6-a448-7d90-bf7a-b44a04c9d89d}", "01a1fdb6-a448-7d90-bf7a-b44a04c9d89",
            "01a1fdb6-a448-7d90-bf7a-b44a04c9d89d0", "01a1fdb6-a448-7d90-bf7a-b44a04c9d89g", "01a1fdb6-a4487-d90-bf7a-b44a04c9d89d",
            " 01a1fdb6-a448-7d90-bf7a-b44a04c9d89", "01a1fdb6-a448-7d90-bf7a-b44a04c9d8é",
        ]
    )
    func refusesOtherForms(text: String) {
        #expect(UserID(text) == nil)
        #expect(throws: JSONDecodingError("must be a UUID")) { try UserID(json: .string(text)) }
    }

    @Test("Identifiers compare byte by byte, as Postgres does")
    func compares() throws {
        let ordered = try [
            "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-8000-000000000000", "7fffffff-0000-0000-0000-000000000000",
            "80000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ].map { try #require(EntryID($0)) }
        #expect(ordered.shuffled().sorted() == ordered)
    }
}
