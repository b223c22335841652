import HTTPTypes
import Hummingbird
import JSON
import Testing

@testable import ServiceRuntime

/// What only a real socket shows.
@Suite(.timeLimit(.minutes(2))) struct ServerTests {
    private static func echo(_ router: ServiceRouter) {
        router.post("/echo") { _, context in JSONResponse(.ok, context.body.readableBytes) }
    }

    private static let post = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    private static let next = "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n"

    @Test(arguments: [65_536, 1])
    func `A body within the limit arrives whole`(size: Int) async throws {
        try await withServer(routes: Self.echo) { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(Self.post)Content-Length: \(size)\r\n\r\n")
                try await connection.send([UInt8](repeating: 0x61, count: size))
                let response = try await connection.response()
                #expect(response.status == 200)
                #expect(response.body == "\(size)")
            }
        }
    }

    @Test(arguments: [65_537, 10_000_000])
    func `A client that sends all of a body that is too large reads 413, and goes on`(size: Int) async throws {
        try await withServer(routes: Self.echo) { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(Self.post)Content-Length: \(size)\r\n\r\n")
                try await connection.send([UInt8](repeating: 0x61, count: size))
                let response = try await connection.response()
                #expect(response.status == 413)
                #expect(response.body.contains("/problems/too-large"))
                try await connection.send(Self.next)
                #expect(try await connection.response().status == 200)
            }
        }
    }

    @Test func `So does one that sends it in chunks, or wants the connection closed`() async throws {
        try await withServer(routes: Self.echo) { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(Self.post)Transfer-Encoding: chunked\r\n\r\n")
                let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 0x61, count: 65_536) + Array("\r\n".utf8)
                for _ in 0..<160 { try await connection.send(chunk) }
                try await connection.send("0\r\n\r\n")
                #expect(try await connection.response().status == 413)
                try await connection.send(Self.next)
                #expect(try await connection.response().status == 200)
            }
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(Self.post)Connection: close\r\nContent-Length: 10000000\r\n\r\n")
                try await connection.send([UInt8](repeating: 0x61, count: 10_000_000))
                #expect(try await connection.response().status == 413)
            }
        }
    }

    @Test func `A body beyond all bounds is answered without being read, and the connection closed`() async throws {
        try await withServer(routes: Self.echo) { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(Self.post)Content-Length: 9000000000000000\r\n\r\nabc")
                let response = try await connection.response()
                #expect(response.status == 413)
                #expect(response.header("connection") == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func `A client that asks for leave gets it, or its answer`() async throws {
        try await withServer(routes: Self.echo) { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(Self.post)Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                #expect(try await connection.response().status == 100)
                try await connection.send("{}")
                #expect(try await connection.response().body == "2")
            }
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(Self.post)Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n")
                #expect(try await connection.response().status == 413)
            }
        }
    }

    private static let notHTTP = [
        Sample("method", "GE(T /livez HTTP/1.1\r\n\r\n"),
        Sample("words", "nonsense\r\n\r\n"),
        Sample("TLS", "\u{16}\u{3}\u{1}"),
        Sample("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Sample("NUL in the path", "GET /\u{0} HTTP/1.1\r\n\r\n"),
        Sample("UTF-8 in the path", "GET /\u{e9} HTTP/1.1\r\nHost: x\r\n\r\n"),
        Sample("long path", "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\n\r\n"),
        Sample("control character in a header", "GET /livez HTTP/1.1\r\nX: a\u{1}\r\n\r\n"),
        Sample("blank in a header's name", "GET /livez HTTP/1.1\r\nX y: a\r\n\r\n"),
        Sample("long header", "GET /livez HTTP/1.1\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n"),
        Sample("many headers", "GET /livez HTTP/1.1\r\n\(String(repeating: "X: a\r\n", count: 200))\r\n"),
        Sample("negative length", "POST /echo HTTP/1.1\r\nContent-Length: -5\r\n\r\n"),
        Sample("huge length", "POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        Sample("two lengths", "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
        Sample("length and chunks", "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Sample("bad chunk", "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ]

    @Test(arguments: notHTTP)
    func `What is not HTTP is a problem too`(request: Sample) async throws {
        try await withServer(routes: Self.echo) { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send(request.text)
                let response = try await connection.response()
                #expect(response.status == 400)
                #expect(response.header("content-type") == "application/problem+json")
                #expect(response.header("x-request-id") != nil)
                #expect(response.body.contains("/problems/bad-request"))
            }
        }
    }

    @Test(arguments: [
        "FETCH /livez HTTP/1.1", "CONNECT example.com:80 HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http://x:99999999999999999/nothing HTTP/1.1",
        "GET http://x HTTP/1.1", "GET //////// HTTP/1.1", "GET /%00%zz?%zz=%ff&&=&= HTTP/1.1", "GET /nothing#x?y HTTP/1.1",
        "TRACE /livez HTTP/1.1",
    ])
    func `Odd requests get a 4xx problem`(line: String) async throws {
        try await withServer { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("\(line)\r\nHost: test\r\n\r\n")
                let response = try await connection.response()
                #expect((400..<500).contains(response.status))
                #expect(response.header("content-type") == "application/problem+json")
            }
        }
    }

    @Test func `Pipelined requests are answered in order`() async throws {
        try await withServer(routes: Self.echo) { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send(Self.next + Self.post + "Content-Length: 3\r\n\r\nabc" + Self.next)
                #expect(try await connection.response().body == "{\"status\":\"alive\"}")
                #expect(try await connection.response().body == "3")
                #expect(try await connection.response().body == "{\"status\":\"alive\"}")
            }
        }
    }
}
