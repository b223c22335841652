#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// How a service's process ends (sysexits.h where it has a word for it).
package enum ServiceExitStatus: Int32, Sendable {
    /// All went well; a shutdown in time is well.
    case ok = 0
    /// Something failed; one sentence on standard error says what.
    case failure = 1
    /// The command line is wrong.
    case usage = 64
    /// The settings are wrong; each bad key has a line on standard error.
    case configuration = 78

    /// Ends the process.
    func exitProcess() -> Never {
        exit(rawValue)
    }
}
