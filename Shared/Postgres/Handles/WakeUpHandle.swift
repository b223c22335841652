#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Wakes a thread that waits for a socket: a pipe that is waited for beside it.
///
/// Safe to share: the two descriptors never change, and are closed when nobody holds this any more.
final class WakeUpHandle: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    /// - Throws: `.connectionFailed`, when the process has no descriptors left.
    init() throws(PostgresError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            throw PostgresError(.connectionFailed, "The system has no descriptors left: error \(errno).")
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Wakes the waiting thread, or lets its next wait end at once. A full pipe is woken already.
    func signal() {
        var byte: UInt8 = 1
        _ = unsafe write(writeEnd, &byte, 1)
    }

    /// Forgets the signals so far.
    func drain() {
        var bytes: (UInt64, UInt64) = (0, 0)
        let size = MemoryLayout.size(ofValue: bytes)
        while unsafe read(readEnd, &bytes, size) == size {}
    }
}

/// What ended a wait.
enum Readiness {
    case socket(readable: Bool, writable: Bool)
    case woken
    case timedOut
}

/// Waits until the socket is ready, somebody signals `wakeUp`, or the deadline has passed.
func wait(
    for socket: Int32,
    reading: Bool,
    writing: Bool,
    or wakeUp: WakeUpHandle,
    until deadline: ContinuousClock.Instant?
) -> Readiness {
    var descriptors = (
        pollfd(fd: wakeUp.readEnd, events: Int16(POLLIN), revents: 0),
        pollfd(fd: socket, events: Int16(reading ? POLLIN : 0) | Int16(writing ? POLLOUT : 0), revents: 0)
    )
    while true {
        var milliseconds: Int32 = -1
        if let deadline {
            milliseconds = Int32(clamping: (deadline - .now).wholeMilliseconds)
        }
        let ready = unsafe withUnsafeMutableBytes(of: &descriptors) { bytes in
            unsafe poll(bytes.bindMemory(to: pollfd.self).baseAddress, 2, milliseconds)
        }
        if ready < 0, errno == EINTR { continue }
        if ready == 0 {
            // A deadline further away than poll can count is waited for in parts.
            if let deadline, deadline > .now { continue }
            return .timedOut
        }
        if descriptors.0.revents != 0 { return .woken }
        let events = Int32(descriptors.1.revents)
        // An error or hang-up is found by reading.
        return .socket(readable: events & ~Int32(POLLOUT) != 0, writable: events & Int32(POLLOUT) != 0)
    }
}

/// Whether an idle connection's socket has nothing to say; whatever a server says unasked is a farewell.
func isQuiet(socket: Int32) -> Bool {
    var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&descriptor, 1, 0) == 0
}
