import JSON
import Testing

@Suite("JSON objects")
struct JSONObjectTests {
    @Test("Members keep their order, and order has no meaning")
    func keepsOrder() throws {
        let object = try JSONObject(json: JSONValue(parsing: Array(#"{"b":1,"a":2,"c":3}"#.utf8)))
        #expect(object.keys == ["b", "a", "c"])
        #expect(JSONValue.object(object).description == #"{"b":1,"a":2,"c":3}"#)
        #expect(object == ["a": 2, "b": 1, "c": 3])
        #expect(object != ["a": 2, "b": 1])
        #expect(object != ["a": 2, "b": 1, "d": 3])
    }

    @Test("Assigning replaces in place, adds at the end, and removes")
    func assigns() {
        var object: JSONObject = ["a": 1, "b": 2, "c": 3]
        object["b"] = "two"
        object["d"] = .null
        object["a"] = nil
        object["z"] = nil
        #expect(object.map(\.key) == ["b", "c", "d"])
        #expect(object["b"] == "two")
        #expect(object["d"] == .null)
        #expect(object["a"] == nil)
    }

    @Test("A name given twice keeps its place and takes the later value; inserting it again is refused")
    func handlesRepeats() {
        var object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
        #expect(object == ["a": 3, "b": 2])
        let inserted = object.insert(9, for: "b")
        #expect(!inserted)
        #expect(object["b"] == 2)
    }

    @Test("Objects of every size find, replace and remove their members", arguments: [0, 1, 15, 16, 17, 18, 100, 3000])
    func worksAtEverySize(count: Int) {
        var object = JSONObject()
        for number in 0..<count { object["name \(number)"] = .integer(Int64(number)) }
        #expect(object.count == count)
        for number in stride(from: 0, to: count, by: 2) { object["name \(number)"] = nil }
        for number in 0..<count {
            #expect(object["name \(number)"] == (number.isMultiple(of: 2) ? nil : .integer(Int64(number))))
        }
        #expect(object.keys == (0..<count).filter { !$0.isMultiple(of: 2) }.map { "name \($0)" })
    }

    @Test("A repeated name is found in an object of any size", arguments: [1, 16, 17, 40_000])
    func findsDuplicates(count: Int) {
        let members = (0..<count).map { "\"\($0)\":0" } + ["\"0\":1"]
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\(members.joined(separator: ","))}".utf8)) }
        #expect(error?.kind == .duplicateName)
    }

    @Test("Two spellings of one character are one name")
    func comparesCanonically() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\"\u{E9}\":1,\"e\u{301}\":2}".utf8)) }
        #expect(error?.kind == .duplicateName)
    }
}
