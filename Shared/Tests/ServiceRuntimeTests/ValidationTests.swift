import EventContracts
import HTTPTypes
import Hummingbird
import JSON
import Testing

@testable import ServiceRuntime

@Suite struct ValidationTests {
    private enum Color: String, CaseIterable { case red, green }

    private struct Line: Equatable {
        let sku: String
        let quantity: Int64
    }

    private func service() -> TestService {
        TestService { router in
            router.post("/things") { request, context in
                let text = try context.fields(of: request) { fields in
                    let name = fields.string("name", length: 1...5)
                    let note = fields.optionalString("note", length: 0...10, multiline: true)
                    let email = fields.email("email")
                    let count = fields.optionalInteger("count", in: 1...10)
                    let owner: UserID = fields.id("owner")
                    let price = fields.optionalMoney("price")
                    let color = fields.choice("color", default: Color.red)
                    let lines =
                        fields.has("lines")
                        ? fields.array("lines", count: 1...2) {
                            Line(sku: $0.string("sku", length: 1...5), quantity: $0.integer("quantity", in: 1...9))
                        }
                        : []
                    if fields.isValid, name == email { fields.fail("name", "must not be the e-mail address") }
                    return "\(name) \(note ?? "-") \(email) \(count ?? 0) \(owner) \(price?.amount ?? 0) \(color) \(lines.count)"
                }
                return JSONResponse(.created, text)
            }
        }
    }

    private static let good = """
        "name":"Ann","email":"ann@example.com","owner":"018f4e7a-0000-7000-8000-000000000001"
        """

    @Test func `A good body is read whole, unknown fields ignored`() async throws {
        let answer = try await service().send(
            .post,
            "/things",
            json:
                "{\(Self.good),\"note\":\"a\\nb\",\"count\":10,\"price\":{\"amount\":5},\"color\":\"green\",\"lines\":[{\"sku\":\"a\",\"quantity\":1}],\"x\":[]}"
        )
        #expect(answer.status == 201)
        #expect(answer.json == "Ann a\nb ann@example.com 10 018f4e7a-0000-7000-8000-000000000001 5 green 1")
    }

    @Test func `Null counts as absent`() async throws {
        let answer = try await service().send(
            .post,
            "/things",
            json: "{\(Self.good),\"note\":null,\"count\":null,\"price\":null,\"color\":null}"
        )
        #expect(answer.status == 201)
    }

    static let bad: [(String, [String])] = [
        ("{}", ["/name", "/email", "/owner"]),
        ("{\"name\":7,\"email\":7,\"owner\":7}", ["/name", "/email", "/owner"]),
        ("{\"name\":null,\"email\":null,\"owner\":null}", ["/name", "/email", "/owner"]),
        (
            "{\(good),\"note\":7,\"count\":\"1\",\"price\":1,\"color\":\"blue\",\"lines\":{}}",
            ["/note", "/count", "/price", "/color", "/lines"]
        ),
        ("{\(good),\"count\":0}", ["/count"]),
        ("{\(good),\"count\":11}", ["/count"]),
        ("{\(good),\"count\":1.0}", ["/count"]),
        ("{\(good),\"count\":99999999999999999999}", ["/count"]),
        ("{\(good),\"note\":\"a\\u0000\"}", ["/note"]),
        ("{\(good),\"note\":\"a\\u001b\"}", ["/note"]),
        ("{\(good),\"note\":\"01234567890\"}", ["/note"]),
        ("{\(good),\"price\":{}}", ["/price/amount"]),
        ("{\(good),\"price\":{\"amount\":0}}", ["/price/amount"]),
        ("{\(good),\"price\":{\"amount\":-1}}", ["/price/amount"]),
        ("{\(good),\"price\":{\"amount\":1.5}}", ["/price/amount"]),
        ("{\(good),\"price\":{\"amount\":\"5\"}}", ["/price/amount"]),
        ("{\(good),\"price\":{\"amount\":9223372036854775807}}", ["/price/amount"]),
        ("{\(good),\"price\":{\"amount\":5,\"currency\":\"usd\"}}", ["/price/currency"]),
        ("{\(good),\"price\":{\"amount\":5,\"currency\":\"XXQ\"}}", ["/price/currency"]),
        ("{\(good),\"price\":{\"amount\":5,\"currency\":5}}", ["/price/currency"]),
        ("{\(good),\"lines\":[]}", ["/lines"]),
        ("{\(good),\"lines\":[1,2]}", ["/lines/0", "/lines/1"]),
        (
            "{\(good),\"lines\":[{},{\"sku\":\"\",\"quantity\":10}]}",
            ["/lines/0/sku", "/lines/0/quantity", "/lines/1/sku", "/lines/1/quantity"]
        ),
        ("{\(good),\"lines\":[{},{},{}]}", ["/lines"]),
        ("{\"name\":\"\",\"email\":\"a@b.de\",\"owner\":\"018f4e7a-0000-7000-8000-000000000001\"}", ["/name"]),
        ("{\"name\":\"toolong\",\"email\":\"a@b.de\",\"owner\":\"018f4e7a-0000-7000-8000-00000000000\"}", ["/name", "/owner"]),
        (
            "{\"name\":\"a\\r\\nb\",\"email\":\"a@b.de\\r\\nBcc: x@y.de\",\"owner\":\"{018f4e7a-0000-7000-8000-000000000001}\"}",
            ["/name", "/email", "/owner"]
        ),
        ("{\"name\":\"a\\u2028b\",\"email\":\"a@b.de\",\"owner\":\"018f4e7a-0000-7000-8000-000000000001\"}", ["/name"]),
        ("{\"name\":\"a@b.d\",\"email\":\"a@b.d\",\"owner\":\"018f4e7a-0000-7000-8000-000000000001\"}", ["/name"]),
        ("[]", [""]),
        ("\"text\"", [""]),
        ("null", [""]),
    ]

    @Test(arguments: bad)
    func `Every bad field is named`(body: String, pointers: [String]) async throws {
        let answer = try await service().send(.post, "/things", json: body)
        #expect(answer.status == 422)
        #expect(answer.problem == "/problems/validation")
        #expect(answer.pointers == pointers)
    }

    @Test(arguments: ["{", "{}x", "{\"a\":1,\"a\":2}", "\u{FEFF}{}", "{\"a\":01}", "nul", String(repeating: "[", count: 100)])
    func `What is not JSON is malformed`(body: String) async throws {
        let answer = try await service().send(.post, "/things", json: body)
        #expect(answer.status == 400)
        #expect(answer.problem == "/problems/malformed-json")
    }

    @Test func `Invalid UTF-8 is malformed`() async throws {
        let answer = try await service().send(
            .post,
            "/things",
            headers: [.contentType: "application/json"],
            body: Array("{\"name\":\"".utf8) + [0xFF, 0x22, 0x7D]
        )
        #expect(answer.problem == "/problems/malformed-json")
    }

    @Test(arguments: [nil, [UInt8]()])
    func `No body is malformed, whatever its media type`(body: [UInt8]?) async throws {
        let answer = try await service().send(.post, "/things", body: body)
        #expect(answer.problem == "/problems/malformed-json")
    }

    @Test(arguments: [
        nil, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=latin1", "a", ";",
    ])
    func `Another media type is not supported`(type: String?) async throws {
        var headers = HTTPFields()
        if let type { headers[.contentType] = type }
        let answer = try await service().send(.post, "/things", headers: headers, body: Array("{\(Self.good)}".utf8))
        #expect(answer.status == 415)
        #expect(answer.problem == "/problems/unsupported-media-type")
    }

    @Test(arguments: [
        "application/json", "Application/JSON", "application/json;charset=UTF-8", "application/json ; charset=\"utf-8\" ; x=y",
    ])
    func `JSON in UTF-8 is supported however it is written`(type: String) async throws {
        let answer = try await service().send(.post, "/things", headers: [.contentType: type], body: Array("{\(Self.good)}".utf8))
        #expect(answer.status == 201)
    }

    @Test func `A thousand errors are cut to a hundred`() throws {
        let errors = ValidationErrors()
        for index in 0..<1000 { errors.append("/\(index)", "is bad") }
        #expect(errors.errors.count == 100)
    }
}
