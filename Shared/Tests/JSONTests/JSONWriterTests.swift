import JSON
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test("Objects and arrays get their commas and their nesting")
    func writesStructure() {
        var writer = JSONWriter()
        writer.object { order in
            order.field("id", "x")
            order.field("count", 3)
            order.field("big", Int64.min)
            order.field("done", false)
            order.field("reason", nil)
            order.field("note", String?.none)
            order.field("left_out", ifPresent: String?.none)
            order.field("kept", ifPresent: "yes")
            order.field("tags", ["a", "b"])
            order.field("free", ["n": [1, 2.5, nil]] as JSONValue)
            order.object("price") { $0.field("amount", 1) }
            order.object("empty") { _ in }
            order.array("items") { items in
                items.element(1)
                items.object { $0.field("a", true) }
                items.array { _ in }
                items.element(raw: Array("{\"raw\":0}".utf8))
            }
            order.field("raw", raw: Array("[]".utf8))
        }
        let expected =
            #"{"id":"x","count":3,"big":-9223372036854775808,"done":false,"reason":null,"note":null,"kept":"yes","tags":["a","b"],"#
            + #""free":{"n":[1,2.5,null]},"price":{"amount":1},"empty":{},"items":[1,{"a":true},[],{"raw":0}],"raw":[]}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test(
        "What must be escaped is, and nothing else",
        arguments: [
            ("plain é 😀 / \u{7F} \u{2028}", "plain é 😀 / \u{7F} \u{2028}"), ("\"\\", #"\"\\"#), ("\u{8}\t\n\u{C}\r", #"\b\t\n\f\r"#),
            ("\0\u{1}\u{F}\u{10}\u{1F}", #"\u0000\u0001\u000f\u0010\u001f"#), ("", ""), ("é\n", #"é\n"#),
        ]
    )
    func escapes(text: String, expected: String) {
        #expect(JSONValue.string(text).description == "\"\(expected)\"")
        #expect(JSONValue.object([text: 1]).description == "{\"\(expected)\":1}")
    }

    @Test("Every character reads back as it was written")
    func roundTripsEveryScalar() throws {
        for block in stride(from: UInt32(0), to: 0x11_0000, by: 0x400) {
            let text = String(String.UnicodeScalarView((block..<block + 0x400).compactMap(Unicode.Scalar.init)))
            let read = try JSONValue(parsing: JSONValue.string(text).serialized()).stringValue
            #expect(read.map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    @Test("What is bridged in one piece is written like the rest")
    func writesASCII() {
        var writer = JSONWriter(reserving: 0)
        writer.array { array in array.element(Digits()) }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"["0123456789"]"#)
    }

    @Test("A body that throws leaves a writer that can be dropped")
    func survivesThrow() {
        struct Stop: Error {}
        var writer = JSONWriter()
        #expect(throws: Stop.self) {
            try writer.object { object in
                object.field("a", 1)
                throw Stop()
            }
        }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":1}"#)
    }

    private struct Digits: JSONEncodable {
        func write(to writer: inout JSONWriter) {
            writer.string(ascii: 10) { text in
                for digit in UInt8(ascii: "0")...UInt8(ascii: "9") { text.append(digit) }
            }
        }
    }
}
