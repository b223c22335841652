import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

@testable import ServiceRuntime

/// A service on a port of its own, for as long as the body runs.
func withServer<Value: Sendable>(
    settings: HTTPSettings = HTTPSettings(),
    checks: [HealthCheck] = [],
    routes: (ServiceRouter) -> Void = { _ in },
    _ body: @Sendable (_ port: Int) async throws -> Value
) async throws -> Value {
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let readiness = Readiness(checks: checks)
    let responder = ServiceResponder(settings: settings, readiness: readiness, metrics: PrometheusRegistry(), logger: quiet, routes: routes)
    let ports = AsyncStream<Int>.makeStream()
    let service = HTTPService(settings: settings, responder: responder, readiness: readiness, logger: quiet) {
        ports.continuation.yield($0)
    }
    let group = ServiceGroup(services: [service], logger: quiet)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        var port: Int?
        for await bound in ports.stream {
            port = bound
            break
        }
        guard let port else { throw CancellationError() }
        let value = try await body(port)
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return value
    }
}

/// A connection over which a test says exactly what it wants to say.
struct RawConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received: [UInt8] = []

    /// Lends a connection to a test.
    static func with<Value>(port: Int, _ body: (inout RawConnection) async throws -> Value) async throws -> Value {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = RawConnection(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&connection)
        }
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    func send(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// Waits for the next whole response; one without `Content-Length` has no body.
    mutating func response() async throws -> RawResponse {
        while true {
            if let response = RawResponse(taking: &received) { return response }
            guard let part = try await inbound.next(isolation: #isolation) else {
                throw EndOfStream(received: String(decoding: received, as: UTF8.self))
            }
            received.append(contentsOf: part.readableBytesView)
        }
    }

    /// Whether the server closes without saying more.
    mutating func isClosed() async throws -> Bool {
        try await inbound.next(isolation: #isolation) == nil
    }

    struct EndOfStream: Error {
        let received: String
    }
}

/// One response as it came over the wire.
struct RawResponse {
    let status: Int
    /// The header's lines.
    let head: String
    let body: String

    /// The value of a header, by its name in any case.
    func header(_ name: String) -> String? {
        Self.header(name, in: head)
    }

    private static func header(_ name: String, in head: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { $0.drop { $0 != ":" }.dropFirst().drop { $0 == " " } }.map(String.init)
    }

    /// Takes a response from the front of what was received, if it is there whole.
    init?(taking received: inout [UInt8]) {
        let blank = Array("\r\n\r\n".utf8)
        guard let end = received.firstRange(of: blank) else { return nil }
        let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        let bodyEnd = end.upperBound + (Self.header("content-length", in: head).flatMap { Int($0) } ?? 0)
        guard received.count >= bodyEnd else { return nil }
        self.head = head
        status = Int(head.dropFirst(9).prefix(3)) ?? 0
        body = String(decoding: received[end.upperBound..<bodyEnd], as: UTF8.self)
        received.removeFirst(bodyEnd)
    }
}
