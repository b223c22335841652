import EventContracts
import Messaging

/// Dead letters as operators read them in a terminal.
enum DeadLetterText {
    static func line(_ letter: DeadLetter) -> String {
        let behind = letter.parkedBehind == 0 ? "" : "  \(letter.parkedBehind) behind"
        return "\(letter.id)  \(letter.status.rawValue)  \(letter.eventType ?? letter.topic)  \(key(of: letter))  "
            + "\(letter.attempts) attempts\(behind)  \(letter.error)"
    }

    static func whole(_ letter: DeadLetter, _ history: [DeadLetterAction]) -> [String] {
        var lines = [
            "id             \(letter.id)",
            "status         \(letter.status.rawValue)",
            "record         \(letter.topic), partition \(letter.partition), offset \(letter.offset)",
            "key            \(key(of: letter))",
            "event          \(letter.eventType ?? "unknown") \(letter.eventID?.description ?? "")",
            "error          \(letter.error)",
            "attempts       \(letter.attempts), \(letter.resubmissions) resubmissions",
            "parked behind  \(letter.parkedBehind)",
            "first failed   \(letter.firstFailedAt)",
            "died           \(letter.diedAt)",
        ]
        if let next = letter.nextAttemptAt { lines.append("next attempt   \(next)") }
        if let original = letter.repairs { lines.append("edited from    \(original)") }
        lines.append("headers")
        lines += letter.headers.map { "  \($0.name): \(text($0.value))" }
        lines.append("payload")
        lines.append("  \(letter.value.map(text) ?? "none")")
        if !history.isEmpty { lines.append("history") }
        return lines + history.map { "  \($0.time)  \($0.action) by \($0.operatorName)" }
    }

    private static func key(of letter: DeadLetter) -> String {
        letter.key.map(text) ?? "no key"
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// A line without anything that would move a terminal's cursor or begin another line: whoever may write to a topic chose parts of it.
    static func harmless(_ line: String) -> String {
        String(String.UnicodeScalarView(line.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
