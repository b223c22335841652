import EventContracts
import JSON
import Testing

@testable import ServiceRuntime

@Suite struct CursorTests {
    private let cursor = Cursor(time: Timestamp(microseconds: 1_700_000_000_123_456), id: OrderID().uuid)

    @Test(arguments: [0, 1, -1, .max, .min, 1_700_000_000_123_456] as [Int64])
    func `A cursor comes back as it was`(microseconds: Int64) {
        let cursor = Cursor(time: Timestamp(microseconds: microseconds), id: OrderID().uuid)
        let text = cursor.encoded(list: "orders")
        #expect(text.utf8.count == 39)
        #expect(Cursor(encoded: text, list: "orders") == cursor)
    }

    @Test func `A cursor of another list is refused`() {
        #expect(Cursor(encoded: cursor.encoded(list: "orders"), list: "messages") == nil)
    }

    @Test func `A change of any character is noticed`() {
        let text = Array(cursor.encoded(list: "orders"))
        for position in text.indices {
            for replacement: Character in ["A", "b", "7", "-", "_", "+", "=", "é"] where text[position] != replacement {
                var changed = text
                changed[position] = replacement
                #expect(Cursor(encoded: String(changed), list: "orders") == nil)
            }
        }
    }

    @Test(arguments: [
        "", "A", String(repeating: "A", count: 39), String(repeating: "A", count: 38), String(repeating: "é", count: 39), "null",
    ])
    func `A text that was made up is refused`(text: String) {
        #expect(Cursor(encoded: text, list: "orders") == nil)
    }

    @Test func `A page has a cursor only when there is more`() {
        let times: [Int64] = [30, 20, 10]
        let id = OrderID().uuid
        let more = Page(found: times, limit: 2, list: "t") { Cursor(time: Timestamp(microseconds: $0), id: id) }
        #expect(more.items == [30, 20])
        #expect(more.nextCursor.flatMap { Cursor(encoded: $0, list: "t") }?.time.microseconds == 20)
        let last = Page(found: times, limit: 3, list: "t") { Cursor(time: Timestamp(microseconds: $0), id: id) }
        #expect(last.nextCursor == nil)
        #expect(String(decoding: jsonBytes(last), as: UTF8.self) == "{\"items\":[30,20,10],\"next_cursor\":null}")
    }
}
