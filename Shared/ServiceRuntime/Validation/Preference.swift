package import HTTPTypes

/// What a client would like, by the `Prefer` header (RFC 7240); it is only a wish, so what we do not understand is ignored.
package enum Preference {
    /// How long the client is willing to wait for a final answer (`wait=N`, section 4.3), at most `maximum`.
    ///
    /// - Returns: `nil` when nothing (usable) is said. The first `wait` counts (section 2).
    package static func wait(_ headers: HTTPFields, maximum: Duration = .seconds(30)) -> Duration? {
        for preference in headers[values: .prefer].flatMap({ $0.split(separator: ",") }) {
            // Parameters of the preference come after a semicolon.
            let pair = preference.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map(trimmed)
            guard pair[safe: 0]?.lowercased() == "wait" else { continue }
            guard var value = pair[safe: 1] else { return nil }
            if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = value.dropFirst().dropLast() }
            guard !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
            // More digits than Int holds is more than the maximum too.
            return min(Int32(value).map { .seconds($0) } ?? maximum, maximum)
        }
        return nil
    }

    /// The value of `Preference-Applied` for a wait.
    package static func applied(wait duration: Duration) -> String {
        "wait=\(duration.components.seconds)"
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let text = text.drop { $0 == " " || $0 == "\t" }
        let blanks = text.reversed().prefix { $0 == " " || $0 == "\t" }.count
        return text.dropLast(blanks)
    }
}

extension Array {
    /// The element at a position; `nil` beyond the end.
    fileprivate subscript(safe position: Int) -> Element? {
        position < count ? self[position] : nil
    }
}
