import JSON

/// What is wrong with a body whatever the route: framing, encoding, syntax, media type, and the headers of a command.
enum BadBodies {
    private static let tenMegabytes = [UInt8](repeating: UInt8(ascii: "a"), count: 10 * 1024 * 1024)

    static func cases(of route: CommandRoute) -> [BadRequest] {
        malformed(route) + notObjects(route) + mediaTypes(route) + tooLarge(route) + keys(route)
    }

    private static func malformed(_ route: CommandRoute) -> [BadRequest] {
        let valid = route.body.serialized()
        let text = String(decoding: valid, as: UTF8.self)
        let first = "\(JSONValue.string(route.body.objectValue?.keys.first ?? "a"))"
        let cut = String(text.dropLast())
        let nested = String(repeating: "{\"a\":", count: 5_000) + "1" + String(repeating: "}", count: 5_000)
        let texts: [(String, String)] = [
            ("empty", ""), ("blank", "   "), ("cut short", cut), ("trailing garbage", "\(text)x"),
            ("two documents", "\(text)\(text)"), ("an unquoted name", "{a:1}"), ("single quotes", "{'a':1}"), ("a comment", "{/* */}"),
            ("a trailing comma", "\(cut),}"), ("NaN", "{\"a\":NaN}"), ("Infinity", "{\"a\":Infinity}"),
            ("a leading zero", "{\"a\":01}"), ("a number beyond all numbers", "{\"a\":1e999}"), ("a bare minus", "{\"a\":-}"),
            ("a name twice", "\(cut),\(first):1}"), ("a lone surrogate", "{\"a\":\"\\ud800\"}"),
            ("a reversed pair of surrogates", "{\"a\":\"\\udc00\\ud800\"}"), ("a bad escape", "{\"a\":\"\\x\"}"),
            ("a line feed in a text", "{\"a\":\"\n\"}"), ("deep arrays", String(repeating: "[", count: 20_000)),
            ("deep objects", nested),
            ("a form", "a=1&b=2"), ("XML", "<a/>"),
        ]
        let binaries: [(String, [UInt8])] = [
            ("a byte order mark", [0xEF, 0xBB, 0xBF] + valid), ("UTF-16", valid.flatMap { [$0, 0] }),
            ("a NUL byte at the end", valid + [0]),
            ("invalid UTF-8", quoted([0xFF, 0xFE])), ("overlong UTF-8", quoted([0xC0, 0xAF])), ("cut UTF-8", quoted([0xE2, 0x82])),
            ("a surrogate in UTF-8", quoted([0xED, 0xA0, 0x80])), ("a NUL byte", quoted([0])),
        ]
        return texts.map { BadRequest($0, route.service, route.request($1), .malformedJSON) }
            + binaries.map { BadRequest($0, route.service, route.request($1), .malformedJSON) }
    }

    /// An object whose only text has these bytes.
    private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)
    }

    private static func notObjects(_ route: CommandRoute) -> [BadRequest] {
        ["{}", "[]", "[{}]", "\"text\"", "42", "true", "null"].map {
            BadRequest("the body \($0)", route.service, route.request($0), .validation)
        }
    }

    private static func mediaTypes(_ route: CommandRoute) -> [BadRequest] {
        let body = route.body.serialized()
        let types: [String?] = [
            nil, "text/plain", "application/xml", "application/jsonp", "json", "application/json; charset=iso-8859-1", ",", "",
        ]
        return types.map { type in
            BadRequest("the media type \(type ?? "left out")", route.service, route.request(body, contentType: type), .mediaType)
        } + [BadRequest("two media types", route.service, route.request(body).adding("Content-Type", "text/plain"), .mediaType)]
    }

    private static func tooLarge(_ route: CommandRoute) -> [BadRequest] {
        var chunked = route.request(tenMegabytes)
        chunked.framing = .chunked(65_521)
        var padded = route.body.serialized()
        padded += [UInt8](repeating: UInt8(ascii: " "), count: 65_537 - padded.count)
        return [
            BadRequest("10 MB", route.service, route.request(tenMegabytes), .tooLarge),
            BadRequest("10 MB in chunks", route.service, chunked, .tooLarge),
            BadRequest("a byte over the limit", route.service, route.request(padded), .tooLarge),
        ]
    }

    private static func keys(_ route: CommandRoute) -> [BadRequest] {
        let values: [(String, [UInt8])] = [
            ("an empty key", []), ("a key with a blank", Array("a b".utf8)), ("a key with a tab", Array("a\tb".utf8)),
            ("a key of 256", [UInt8](repeating: UInt8(ascii: "k"), count: 256)), ("a key beyond ASCII", Array("schlüssel".utf8)),
        ]
        let request = route.request(route.body.serialized())
        return values.map { BadRequest($0, route.service, request.adding("Idempotency-Key", $1), .validation) }
            + [
                BadRequest("two keys", route.service, request.adding("Idempotency-Key", "a").adding("Idempotency-Key", "b"), .validation),
                BadRequest("a key with NUL", route.service, request.adding("Idempotency-Key", [0x61, 0, 0x62]), .badRequest),
                BadRequest("a key with a bare CR", route.service, request.adding("Idempotency-Key", [0x61, 0x0D, 0x62]), .badRequest),
            ]
    }
}
