#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A TCP connection to this machine over which a test says exactly what it wants to say. It blocks its thread, never longer than its deadline.
final class RawSocketHandle {
    private let descriptor: Int32
    private let deadline: ContinuousClock.Instant

    /// Connects to a port of 127.0.0.1.
    ///
    /// - Parameter limit: For everything that is done with this connection, together.
    /// - Throws: ``SocketFailure``.
    init(port: Int, within limit: Duration) throws(SocketFailure) {
        deadline = .now + limit
        #if canImport(Glibc)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw SocketFailure(.connect, errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = Self.loopback(port)
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // What is thrown from here on runs `deinit`, which closes the descriptor.
        guard connected == 0 else { throw SocketFailure(.connect, errno) }
    }

    deinit { close(descriptor) }

    /// Sends everything.
    ///
    /// - Throws: ``SocketFailure`` when the peer takes no more; what it said before can still be received.
    func send(_ bytes: [UInt8]) throws(SocketFailure) {
        var sent = 0
        while sent < bytes.count {
            try wait(for: Int16(POLLOUT), during: .send)
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Self.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[sent...]))
            }
            if count > 0 {
                sent += count
            } else if errno != EAGAIN && errno != EINTR {
                throw SocketFailure(.send, errno)
            }
        }
    }

    /// Tells the peer that nothing more will be sent.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The next bytes; none when the peer has said everything.
    ///
    /// - Throws: ``SocketFailure`` when the connection is broken or the time over.
    func receive() throws(SocketFailure) -> [UInt8] {
        try wait(for: Int16(POLLIN), during: .receive)
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0) }
        guard count >= 0 else { throw SocketFailure(.receive, errno) }
        bytes.removeSubrange(count...)
        return bytes
    }

    private func wait(for events: Int16, during step: SocketFailure.Step) throws(SocketFailure) {
        let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
        guard left > 0 else { throw SocketFailure(step, ETIMEDOUT) }
        var descriptors = pollfd(fd: descriptor, events: events, revents: 0)
        guard unsafe poll(&descriptors, 1, Int32(left.rounded(.up))) > 0 else { throw SocketFailure(step, ETIMEDOUT) }
    }

    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
        unsafe Darwin.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
        #elseif canImport(Musl)
        unsafe Musl.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        #else
        unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        #endif
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Ports that nobody listens to now, all different; below the range from which the system picks ports for outgoing connections.
    static func freePorts(_ count: Int) -> [Int] {
        var found: Set<Int> = []
        for _ in 0..<10_000 where found.count < count {
            let port = Int.random(in: 20_000..<32_000)
            if isFree(port) { found.insert(port) }
        }
        precondition(found.count == count, "this machine has no free ports")
        return Array(found)
    }

    private static func isFree(_ port: Int) -> Bool {
        #if canImport(Glibc)
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let probe = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(probe) }
        var address = loopback(port)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(probe, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// A connection did not do what it should.
struct SocketFailure: Error, CustomStringConvertible {
    /// When it went wrong.
    enum Step: String {
        case connect, send, receive
    }

    let step: Step
    /// The system's number for it.
    let number: Int32

    init(_ step: Step, _ number: Int32) {
        self.step = step
        self.number = number
    }

    var description: String { "\(step.rawValue) failed with error \(number)" }
}
