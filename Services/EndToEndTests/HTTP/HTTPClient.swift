import Dispatch

/// Asks a service on this machine, each time over a connection of its own.
struct HTTPClient: Sendable {
    let port: Int

    /// Threads that may block: a request must not hold up the pool on which all tests run.
    private static let threads = DispatchQueue(label: "test.http", attributes: .concurrent)

    /// Sends a request and returns the answer.
    ///
    /// - Parameter limit: From the connection to the last byte.
    /// - Throws: ``SocketFailure``; ``NoAnswer`` when the connection ended without a whole answer.
    func send(_ request: HTTPRequest, within limit: Duration = .seconds(45)) async throws -> HTTPAnswer {
        let bytes = request.bytes
        let received = try await exchange(bytes, within: limit)
        guard let answer = HTTPAnswer(parsing: received) else {
            throw NoAnswer(received: String(decoding: received.prefix(500), as: UTF8.self))
        }
        return answer
    }

    /// Sends bytes and returns what came back until the peer closed, even if it did not take them all.
    func exchange(_ bytes: [UInt8], within limit: Duration = .seconds(45)) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            Self.threads.async { [port] in
                continuation.resume(with: Result { try Self.exchange(bytes, port, limit) })
            }
        }
    }

    private static func exchange(_ bytes: [UInt8], _ port: Int, _ limit: Duration) throws(SocketFailure) -> [UInt8] {
        let socket = try RawSocketHandle(port: port, within: limit)
        // A server may answer and close before it has everything; the answer counts.
        let unsent: SocketFailure?
        do throws(SocketFailure) {
            try socket.send(bytes)
            unsent = nil
        } catch { unsent = error }
        var received: [UInt8] = []
        do throws(SocketFailure) {
            while true {
                let part = try socket.receive()
                if part.isEmpty { return received }
                received += part
            }
        } catch {
            if HTTPAnswer(parsing: received) != nil { return received }
            throw unsent ?? error
        }
    }

    /// The connection ended without a whole answer.
    struct NoAnswer: Error, CustomStringConvertible {
        let received: String
        var description: String { "no whole answer came, only: \(received)" }
    }
}
