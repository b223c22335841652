import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Standard output or standard error, written whole lines at a time.
///
/// Guarantee: what is given to one call is written without anything else of this process between it, by one `write(2)` unless the system
/// takes only part of it. Errors are swallowed: when nobody reads the log any more, there is nobody to tell.
package struct StandardStream: Sendable {
    private let descriptor: Int32

    /// Where logs and listings go.
    package static let output = StandardStream(descriptor: 1)
    /// Where error messages go.
    package static let error = StandardStream(descriptor: 2)

    private static let turn = Mutex<Void>(())

    /// Writes all bytes, waiting while the reader is slow.
    package func write(_ bytes: [UInt8]) {
        Self.turn.withLock { _ in
            unsafe bytes.withUnsafeBytes { buffer in
                var rest = unsafe buffer[...]
                while unsafe !rest.isEmpty {
                    let written = unsafe systemWrite(descriptor, rest.startIndex, buffer)
                    if written > 0 {
                        unsafe rest = rest.dropFirst(written)
                    } else if errno != EINTR {
                        return
                    }
                }
            }
        }
    }

    /// Writes a text and a newline.
    package func writeLine(_ line: String) {
        write(Array(line.utf8) + [UInt8(ascii: "\n")])
    }
}

private func systemWrite(_ descriptor: Int32, _ start: Int, _ buffer: UnsafeRawBufferPointer) -> Int {
    guard let base = buffer.baseAddress else { return 0 }
    return unsafe write(descriptor, base + start, buffer.count - start)
}
