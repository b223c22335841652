import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// HTTP cannot be served at the address that the settings name.
struct ListeningError: Error, CustomStringConvertible {
    let host: String
    let port: Int
    let cause: any Error

    /// One sentence, with the keys to change.
    var description: String {
        "Cannot listen on \(host):\(port) (HTTP_HOST, HTTP_PORT): \(reason)."
    }

    private var reason: String {
        switch (cause as? IOError)?.errnoCode {
        case EADDRINUSE: "the port is in use"
        case EACCES: "the system does not permit it"
        case EADDRNOTAVAIL: "it is no address of this machine"
        default: String(describing: cause)
        }
    }
}
