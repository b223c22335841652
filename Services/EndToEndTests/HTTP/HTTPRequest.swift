import JSON

/// A request, byte by byte as the test wants it: nothing is escaped, corrected or added but `Host`, `Connection` and the body's length.
struct HTTPRequest: Sendable {
    /// How the body's end is told.
    enum Framing: Sendable {
        case contentLength
        /// In pieces of this many bytes.
        case chunked(Int)
        /// Said by the test's own headers.
        case none
    }

    var method: String
    /// Path and query.
    var target: String
    var headers: [(name: String, value: [UInt8])]
    var body: [UInt8]
    var framing = Framing.contentLength

    init(_ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) }
        self.body = body
    }

    static func get(_ target: String, _ headers: [String: String] = [:]) -> HTTPRequest {
        HTTPRequest("GET", target, headers: headers)
    }

    static func post(_ target: String, _ json: JSONValue, _ headers: [String: String] = [:]) -> HTTPRequest {
        HTTPRequest("POST", target, headers: ["Content-Type": "application/json"].merging(headers) { $1 }, body: json.serialized())
    }

    /// The same request with one header more.
    func adding(_ name: String, _ value: String) -> HTTPRequest {
        adding(name, Array(value.utf8))
    }

    /// The same request with one header more, of any bytes.
    func adding(_ name: String, _ value: [UInt8]) -> HTTPRequest {
        var request = self
        request.headers.append((name, value))
        return request
    }

    /// The request as it is sent.
    var bytes: [UInt8] {
        var bytes = Array("\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n".utf8)
        for (name, value) in headers {
            bytes += Array("\(name): ".utf8) + value + Array("\r\n".utf8)
        }
        switch framing {
        case .contentLength:
            if !body.isEmpty || method == "POST" { bytes += Array("Content-Length: \(body.count)\r\n".utf8) }
            bytes += Array("\r\n".utf8) + body
        case .chunked(let size):
            bytes += Array("Transfer-Encoding: chunked\r\n\r\n".utf8)
            var rest = body[...]
            while !rest.isEmpty {
                let chunk = rest.prefix(size)
                bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
                rest = rest.dropFirst(size)
            }
            bytes += Array("0\r\n\r\n".utf8)
        case .none:
            bytes += Array("\r\n".utf8) + body
        }
        return bytes
    }
}
