import Foundation

/// The world in which the tests run could not be made, or broke.
struct WorldFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// With the last lines of a log.
    init(_ description: String, log: URL) {
        let lines = (try? String(contentsOf: log, encoding: .utf8))?.split(separator: "\n").suffix(15) ?? []
        self.description = ([description + "; its last lines:"] + lines.map { "  \($0)" }).joined(separator: "\n")
    }
}
