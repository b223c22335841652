import Foundation

/// Asks a service on this machine, each time over a connection of its own.
struct HTTPClient: Sendable {
    let port: Int

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
    ///
    /// - Parameter progress: Gets everything that has come so far, each time more has come.
    func exchange(
        _ bytes: [UInt8],
        within limit: Duration = .seconds(45),
        progress: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws -> [UInt8] {
        // A thread of its own, which may block: the pool on which all tests run may not.
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [port] in
                continuation.resume(with: Result { try Self.exchange(bytes, port, limit, progress) })
            }
        }
    }

    private static func exchange(
        _ bytes: [UInt8],
        _ port: Int,
        _ limit: Duration,
        _ progress: ([UInt8]) -> Void
    ) throws(SocketFailure) -> [UInt8] {
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
                progress(received)
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
