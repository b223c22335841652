import EventContracts
import JSON

/// What is wrong with single fields.
enum BadFields {
    /// Values that are no positive amount of money, as JSON texts.
    private static let money: [String?] = {
        let shapes: [String?] = [nil, "null", "\"100\"", "100", "true", "[]", "{}", "{\"currency\":\"USD\"}"]
        let amounts: [String] = [
            "null", "\"100\"", "true", "[]", "{}", "0", "-0", "-1", "1.5", "1.0", "1e3", "1E2", "0.1", "1000000000001",
            "9223372036854775807",
            "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
        ]
        let currencies: [String] = ["\"usd\"", "\"\"", "\"US\"", "\"USDX\"", "\"ZZZ\"", "\"US\\u0000\"", "840", "true", "[\"USD\"]", "{}"]
        return shapes + amounts.map { "{\"amount\":\($0),\"currency\":\"USD\"}" } + currencies.map { "{\"amount\":100,\"currency\":\($0)}" }
    }()

    /// Texts that would end a header, a line or a C string.
    private static let injections = [
        "\"a\\r\\nBcc: eve@example.com\"", "\"a\\nX-Evil: 1\"", "\"a\\rb\"", "\"a\\u0000b\"", "\"a\\u007fb\"", "\"a\\u0085b\"",
        "\"a\\u2028b\"",
        "\"\\u001b[31m\"",
    ]

    private static let notTexts: [String?] = [nil, "null", "1", "1.5", "true", "[]", "{}", "[\"a\"]", "\"\""]
    private static let notIDs: [String?] =
        notTexts + [
            "\"1\"", "\"not-a-uuid\"", "\"00000000-0000-0000-0000-00000000000\"", "\"{01a1fdec-338c-711e-ae15-231e5c8a3fb3}\"",
            "\"01a1fdec338c711eae15231e5c8a3fb3\"", "\"01a1fdec-338c-711e-ae15-231e5c8a3fbg\"", "\"' OR 1=1 --\"", "\"../../etc/passwd\"",
            "\"01a1fdec-338c-711e-ae15-231e5c8a3fb3\\u0000\"", "\"０1a1fdec-338c-711e-ae15-231e5c8a3fb3\"",
        ]
    private static let unknownID = JSONValue.string("\(UserID())").description

    private static func text(_ count: Int) -> String { "\"" + String(repeating: "x", count: count) + "\"" }

    static func users(_ route: CommandRoute, _ fixture: BadInputFixture) -> [BadRequest] {
        let email = fixture.customer.email
        let addresses: [String] = [
            "plain", "@example.com", "a@", "a@b", "a@@example.com", "a@b@example.com", "a b@example.com", "a@exam ple.com",
            ".a@example.com",
            "a.@example.com", "a..b@example.com", "a@-example.com", "a@example-.com", "a@example..com", "a@.example.com", "a@example.com.",
            "a@[127.0.0.1]", "a@127.0.0.1", "<a@example.com>", "Anna <a@example.com>", "a@example.com,b@example.com",
            "a@example.com;b@example.com",
            "ä@example.com", "a@exämple.com", " a@example.com", "a@example.com ", "a\\\\@example.com", "a:b@example.com",
        ].map { "\"\($0)\"" }
        let broken = [
            "\"a@example.com\\r\\nBcc: eve@example.com\"", "\"a@example.com\\n\"", "\"a@exa\\u0000mple.com\"", "\"a\\r@example.com\"",
        ]
        let long = [
            "\"" + String(repeating: "a", count: 65) + "@example.com\"", "\"a@" + String(repeating: "b.", count: 130) + "com\"",
            text(50_000),
        ]
        return route.refusing("email", notTexts + addresses + broken + long)
            + route.refusing("name", notTexts + injections + ["\"a\\tb\"", text(201), text(50_000)])
            + route.refusing(
                "currency",
                ["\"usd\"", "\"\"", "\"US\"", "\"ZZZ\"", "\"DOLLARS\"", "840", "true", "[]", "{}", "\"US\\u0000\""]
            )
            + route.refusing("email", ["\"\(email)\"", "\"\(email.uppercased())\""], .emailTaken)
    }

    static func orders(_ route: CommandRoute) -> [BadRequest] {
        func item(_ sku: String = "\"a\"", _ quantity: String = "1", _ price: String = "{\"amount\":100,\"currency\":\"USD\"}") -> String {
            "{\"sku\":\(sku),\"quantity\":\(quantity),\"unit_price\":\(price)}"
        }
        let quantities = ["null", "0", "-1", "1.5", "1e2", "\"2\"", "true", "1000001", "9223372036854775808"].map { item("\"a\"", $0) }
        let skus = ["null", "1", "\"\"", text(101), "\"a\\nb\"", "\"a\\u0000\""].map { item($0) }
        let prices = ["null", "100", "{}", "{\"amount\":0}", "{\"amount\":-5}", "{\"amount\":1.5}", "{\"amount\":100,\"currency\":\"x\"}"]
            .map { item("\"a\"", "1", $0) }
        let huge = item("\"a\"", "1000000", "{\"amount\":1000000000000,\"currency\":\"USD\"}")
        let sets = [
            "{}", "\"a\"", "1", "true", "[]", "[1]", "[null]", "[[]]", "[{}]",
            "[\(item()),\(item("\"b\"", "1", "{\"amount\":100,\"currency\":\"EUR\"}"))]", "[\(item("\"a\"", "3"))]", "[\(huge)]",
            "[" + Array(repeating: huge, count: 100).joined(separator: ",") + "]",
            "[" + Array(repeating: item(), count: 101).joined(separator: ",") + "]",
        ]
        return route.refusing("user_id", notIDs) + route.refusing("user_id", [unknownID], .notFound) + route.refusing("price", money)
            + route.refusing("items", sets + (quantities + skus + prices).map { "[\($0)]" })
    }

    static func amounts(_ route: CommandRoute) -> [BadRequest] {
        route.refusing("amount", money + ["{\"amount\":100,\"currency\":\"EUR\"}"])
    }

    static func messages(_ route: CommandRoute) -> [BadRequest] {
        route.refusing("user_id", notIDs) + route.refusing("user_id", [unknownID], .notFound)
            + route.refusing("subject", notTexts + injections + ["\"a\\tb\"", text(201), text(50_000)])
            + route.refusing("body", notTexts + ["\"a\\u0000b\"", "\"a\\u001bb\"", text(20_001)])
    }
}
