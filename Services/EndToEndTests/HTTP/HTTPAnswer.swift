import JSON

/// A whole response, as it came over the wire.
struct HTTPAnswer: Sendable, CustomStringConvertible {
    let status: Int
    /// In their order; names in lower case.
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    /// The first header of that name, in any case.
    subscript(header name: String) -> String? {
        headers.first { $0.name == name.lowercased() }?.value
    }

    /// The body as text; what is not UTF-8 is replaced.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON, `null` when it is none.
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// The value at a path of names: `answer["balance", "amount"]`; `null` where there is nothing.
    subscript(path: String...) -> JSONValue {
        path.reduce(json) { $0[$1] ?? .null }
    }

    var description: String {
        "\(status) \(headers.map { "\($0.name): \($0.value)" }.joined(separator: "; ")) \(text.prefix(500))"
    }

    /// Reads a response up to which the connection has delivered everything.
    ///
    /// - Returns: `nil` when this is not a whole response.
    init?(parsing bytes: [UInt8]) {
        guard let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: parts[0].lowercased(), value: String(parts.count > 1 ? parts[1].drop { $0 == " " } : ""))
        }
        let rest = Array(bytes[head.upperBound...])
        // Leave to send a body is no answer.
        if status == 100 {
            guard let answer = HTTPAnswer(parsing: rest) else { return nil }
            self = answer
            return
        }
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value.lowercased() }
        let body: [UInt8]?
        if header("transfer-encoding") == "chunked" {
            body = Self.unchunked(rest)
        } else if let length = header("content-length").flatMap({ Int($0) }) {
            body = rest.count >= length ? Array(rest[..<length]) : nil
        } else {
            body = rest
        }
        guard let body else { return nil }
        self.init(status: status, headers: headers, body: body)
    }

    private init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The content of a chunked body (RFC 9112, section 7.1), if it is whole.
    private static func unchunked(_ bytes: [UInt8]) -> [UInt8]? {
        var content: [UInt8] = []
        var rest = bytes[...]
        while let line = rest.firstRange(of: Array("\r\n".utf8)) {
            let digits = String(decoding: rest[..<line.lowerBound], as: UTF8.self).prefix { $0 != ";" }
            guard let size = Int(digits, radix: 16), rest.endIndex - line.upperBound >= size + 2 else { return nil }
            if size == 0 { return content }
            content.append(contentsOf: rest[line.upperBound..<line.upperBound + size])
            rest = rest[(line.upperBound + size + 2)...]
        }
        return nil
    }
}
