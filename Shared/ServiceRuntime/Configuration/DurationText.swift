/// How durations are written in the configuration: `20` and `20s` are seconds, `250ms` milliseconds, `2m` minutes.
package enum DurationText {
    /// The duration that a text means; `nil` for anything else, negative numbers and fractions included.
    package static func duration(of text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count <= 9, let number = Int64(digits) else { return nil }
        return switch text.dropFirst(digits.count) {
        case "", "s": .seconds(number)
        case "ms": .milliseconds(number)
        case "m": .seconds(number * 60)
        default: nil
        }
    }

    /// The shortest text for a duration; what is below a millisecond is cut off.
    package static func text(of duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        return milliseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + milliseconds)ms"
    }
}
