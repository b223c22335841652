import NIOCore
import NIOPosix

/// Asks a running service whether it is ready.
///
/// A container's health check runs it (`order healthcheck`), so that the image needs neither curl nor a shell. It speaks just enough HTTP/1.1
/// for a request without a body and an answer that ends with the connection.
struct HealthProbe: Sendable {
    /// Where the service listens, as its own settings say.
    let settings: HTTPSettings
    /// How long connection and answer may take together.
    var limit: Duration = .seconds(3)

    /// More than any report of ours; what comes beyond is not read.
    private static let largestAnswer = 64 * 1024

    /// Returns when `/readyz` has answered 200.
    ///
    /// - Throws: ``HealthProbeError`` with what is wrong.
    func run() async throws {
        guard settings.port > 0 else { throw HealthProbeError.noPort }
        let answer = try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask { try await ask() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw HealthProbeError.noAnswer(address: address, within: limit)
            }
            defer { group.cancelAll() }
            return try await group.next() ?? ""
        }
        let status = answer.prefix { $0 != "\r\n" }
        guard status.hasPrefix("HTTP/1.1 200 ") else {
            let body = answer.firstRange(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? ""
            throw HealthProbeError.notReady(status: String(status), body: body)
        }
    }

    private var address: String { "\(host):\(settings.port)" }

    /// A service that listens on every address is asked on this machine's own.
    private var host: String {
        switch settings.host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        case let host: host
        }
    }

    private func ask() async throws -> String {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                // A connection that is being made does not notice that its task was cancelled.
                .connectTimeout(.seconds(2))
                .connect(host: host, port: settings.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
                }
        } catch {
            throw HealthProbeError.noConnection(address: address)
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "GET /readyz HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"))
            var received: [UInt8] = []
            for try await part in inbound {
                received.append(contentsOf: part.readableBytesView)
                if received.count > Self.largestAnswer { break }
            }
            return String(decoding: received.prefix(Self.largestAnswer), as: UTF8.self)
        }
    }
}

/// Why a service does not count as ready.
enum HealthProbeError: Error, CustomStringConvertible {
    /// `HTTP_PORT` is 0: nobody can know which port the service got.
    case noPort
    /// Nothing listens there.
    case noConnection(address: String)
    /// Something listens and says nothing.
    case noAnswer(address: String, within: Duration)
    /// It answered, and not 200.
    case notReady(status: String, body: String)

    var description: String {
        switch self {
        case .noPort: "HTTP_PORT is 0, so the service's port is not known."
        case .noConnection(let address): "Nothing answers at \(address)."
        case .noAnswer(let address, let limit): "\(address) did not answer within \(DurationText.text(of: limit))."
        case .notReady(let status, let body): "Not ready: \(status) \(body)"
        }
    }
}
