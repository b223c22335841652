/// Patterns and formats of strings.
enum JSONSchemaText {
    /// The formats that are checked; a schema that names another is refused.
    static let formats: Set<String> = ["date-time", "email", "uuid"]

    /// A pattern compiled, or `nil` if it is none. The syntax is Swift's, which agrees with ECMA-262 on what schemas use.
    static func expression(_ pattern: String) -> Regex<AnyRegexOutput>? {
        (try? Regex(pattern))?.matchingSemantics(.unicodeScalar)
    }

    /// Whether the pattern occurs in the text; it is anchored only where it says so.
    static func matches(_ text: String, pattern: String) -> Bool {
        guard let expression = expression(pattern) else { return false }
        return text.firstMatch(of: expression) != nil
    }

    /// Whether a text has a format.
    static func isValid(_ text: String, format: String) -> Bool {
        switch format {
        case "uuid": isWhole(text, "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
        case "date-time": isWhole(text, date + "[Tt]" + time + "([Zz]|" + offset + ")")
        // One @ with something on either side and no blanks: more can only be said by sending a mail.
        case "email": isWhole(text, "[^@\\s]+@[^@\\s]+")
        default: false
        }
    }

    private static let date = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    private static let time = "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?"
    private static let offset = "[+-]([01][0-9]|2[0-3]):[0-5][0-9]"

    private static func isWhole(_ text: String, _ pattern: String) -> Bool {
        guard let expression = expression(pattern) else { return false }
        return text.wholeMatch(of: expression) != nil
    }
}
