/// What is no HTTP, or no HTTP that anybody should answer otherwise.
enum BadProtocol {
    static func cases(_ service: String, path: String) -> [BadRequest] {
        let long = String(repeating: "a", count: 20_000)
        let texts: [(String, String)] = [
            ("no HTTP at all", "hello\r\n\r\n"), ("a blank in the path", "GET /a b c HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a path beyond ASCII", "GET \(path)?limit=١ HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("no such version", "GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
            ("a path beyond all bounds", "GET /\(long) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            ("a header beyond all bounds", "GET \(path) HTTP/1.1\r\nHost: a\r\nX-Long: \(long)\r\n\r\n"),
            ("a header without a name", "GET \(path) HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
            ("a header with a blank in its name", "GET \(path) HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"),
            ("a header without a colon", "GET \(path) HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"),
            (
                "a length that is none",
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: abc\r\n\r\n{}"
            ),
            ("a negative length", "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n{}"),
            ("a length beyond all bounds", "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n{}"),
            ("two lengths", "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
            (
                "a length and chunks",
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
            ),
            ("an unknown transfer coding", "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n{}"),
            ("a chunk of no size", "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        ]
        let many = "GET \(path) HTTP/1.1\r\nHost: a\r\n" + (0..<500).map { "X-\($0): y\r\n" }.joined() + "\r\n"
        let binary: [(String, [UInt8])] = [
            ("random bytes", (0..<512).map { _ in UInt8.random(in: 128...255) } + Array("\r\n\r\n".utf8)),
            ("a TLS greeting", [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03]),
            ("a NUL in a header", Array("GET \(path) HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0] + Array("\r\n\r\n".utf8)),
        ]
        return (texts.map { ($0, Array($1.utf8)) } + [("500 headers", Array(many.utf8))] + binary).map {
            BadRequest("\(service): \($0)", service, $1, .badRequest)
        }
    }
}
