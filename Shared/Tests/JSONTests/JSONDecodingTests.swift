import JSON
import Testing

@Suite("Decoding JSON")
struct JSONDecodingTests {
    struct Price: JSONDecodable, Equatable {
        let amount: Int64
        init(amount: Int64) { self.amount = amount }
        init(json: JSONValue) throws(JSONDecodingError) { amount = try JSONFields(json).required("amount") }
    }

    struct Basket: JSONDecodable, Equatable {
        let prices: [Price]
        let note: String?
        init(json: JSONValue) throws(JSONDecodingError) {
            let fields = try JSONFields(json)
            prices = try fields.required("prices")
            note = try fields.optional("note")
        }
    }

    enum Colour: String, CaseIterable, JSONEncodable, JSONDecodable { case red, green }

    @Test(
        "Known fields are read, unknown ones ignored, absent and null optional ones are nil",
        arguments: [
            #"{"prices":[{"amount":1},{"amount":2}]}"#, #"{"prices":[{"amount":1,"new":[]},{"amount":2}],"note":null,"x":{"y":1}}"#,
        ]
    )
    func decodes(text: String) throws {
        let basket = try Basket(json: JSONValue(parsing: Array(text.utf8)))
        #expect(basket.prices == [Price(amount: 1), Price(amount: 2)])
        #expect(basket.note == nil)
    }

    @Test(
        "An error names the field, however deep it is",
        arguments: [
            ("[]", "", "must be an object"), ("{}", "/prices", "is required"), (#"{"prices":null}"#, "/prices", "must be an array"),
            (#"{"prices":[{"amount":1},{}]}"#, "/prices/1/amount", "is required"), (#"{"prices":[7]}"#, "/prices/0", "must be an object"),
            (#"{"prices":[{"amount":1.0}]}"#, "/prices/0/amount", "must be an integer"),
            (#"{"prices":[{"amount":"1"}]}"#, "/prices/0/amount", "must be an integer"),
            (#"{"prices":[{"amount":9223372036854775808}]}"#, "/prices/0/amount", "must be an integer"),
            (#"{"prices":[],"note":5}"#, "/note", "must be a string"),
        ]
    )
    func locatesErrors(text: String, pointer: String, detail: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: JSONDecodingError(pointer: pointer, detail: detail)) { try Basket(json: value) }
    }

    @Test("A pointer given by the caller stands before every error")
    func prefixesPointer() throws {
        let fields = try JSONFields(["a": ["b": true]], at: "/body")
        #expect(throws: JSONDecodingError(pointer: "/body/a/b", detail: "must be a number")) {
            try JSONFields(try fields.required("a"), at: "/body/a").required("b", as: Double.self)
        }
        #expect(throws: JSONDecodingError(pointer: "/body/c", detail: "is required")) { try fields.required("c", as: String.self) }
        #expect(fields.error("must be positive", at: "a") == JSONDecodingError(pointer: "/body/a", detail: "must be positive"))
        #expect(throws: JSONDecodingError(pointer: "/x", detail: "must be an object")) { try JSONFields(1, at: "/x") }
    }

    @Test("Pointers escape what RFC 6901 wants escaped")
    func escapesPointers() throws {
        let fields = try JSONFields(["a/b~c": 1])
        #expect(throws: JSONDecodingError(pointer: "/a~1b~0c", detail: "must be true or false")) {
            try fields.required("a/b~c", as: Bool.self)
        }
    }

    @Test("Enumerations are their raw values")
    func decodesEnumerations() throws {
        #expect(try Colour(json: "green") == .green)
        #expect(jsonBytes([Colour.red]) == Array(#"["red"]"#.utf8))
        #expect(throws: JSONDecodingError("must be one of red, green")) { try Colour(json: "blue") }
        #expect(throws: JSONDecodingError("must be a string")) { try Colour(json: 1) }
    }

    @Test("Scalars are taken as they are, without conversion")
    func decodesScalars() throws {
        #expect(try Int(json: 5) == 5)
        #expect(try Double(json: 5) == 5)
        #expect(try Double(json: 0.5) == 0.5)
        #expect(try Bool(json: false) == false)
        #expect(try JSONObject(json: ["a": 1]) == ["a": 1])
        #expect(throws: JSONDecodingError.self) { try Bool(json: 0) }
        #expect(throws: JSONDecodingError.self) { try String(json: nil) }
        #expect(throws: JSONDecodingError.self) { try Int(json: 1.0) }
    }
}
