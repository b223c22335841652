extension ConfigurationKey where Value == String {
    /// A text, checked by a closure where its form matters: a URL, a host name.
    ///
    /// - Parameters:
    ///   - default: What holds when nothing is set; `nil` makes the key required.
    ///   - placeholder: A text that passes `isValid`, for when routes are listed without a configuration.
    package static func text(
        _ name: String,
        default defaultValue: String? = nil,
        expected: String = "a text",
        placeholder: String = "",
        isSecret: Bool = false,
        _ documentation: String,
        isValid: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> ConfigurationKey {
        .custom(
            name,
            type: "text",
            expected: expected,
            default: defaultValue.map { ($0, $0) },
            placeholder: defaultValue ?? placeholder,
            isSecret: isSecret,
            documentation
        ) { isValid($0) ? $0 : nil }
    }
}

extension ConfigurationKey where Value == String? {
    /// A text that may be left out.
    package static func optionalText(
        _ name: String,
        expected: String = "a text",
        isSecret: Bool = false,
        _ documentation: String,
        isValid: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> ConfigurationKey {
        .custom(name, type: "text", expected: expected, default: (nil, ""), placeholder: nil, isSecret: isSecret, documentation) {
            isValid($0) ? .some($0) : nil
        }
    }
}

extension ConfigurationKey where Value == Int {
    /// A whole number within a range.
    package static func integer(
        _ name: String,
        default defaultValue: Int? = nil,
        range: ClosedRange<Int>,
        _ documentation: String
    ) -> ConfigurationKey {
        .custom(
            name,
            type: "integer",
            expected: "an integer from \(range.lowerBound) to \(range.upperBound)",
            default: defaultValue.map { ($0, String($0)) },
            placeholder: defaultValue ?? range.lowerBound,
            documentation
        ) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ConfigurationKey where Value == Duration {
    /// A length of time: a number of seconds (`20`), or a number with a unit (`250ms`, `5s`, `2m`).
    package static func duration(
        _ name: String,
        default defaultValue: Duration? = nil,
        range: ClosedRange<Duration>,
        _ documentation: String
    ) -> ConfigurationKey {
        .custom(
            name,
            type: "duration",
            expected: "a duration from \(DurationText.text(of: range.lowerBound)) to \(DurationText.text(of: range.upperBound)), "
                + "such as 5, 5s or 250ms",
            default: defaultValue.map { ($0, DurationText.text(of: $0)) },
            placeholder: defaultValue ?? range.lowerBound,
            documentation
        ) { text in
            DurationText.duration(of: text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ConfigurationKey where Value == Bool {
    /// `true` or `false`.
    package static func boolean(_ name: String, default defaultValue: Bool? = nil, _ documentation: String) -> ConfigurationKey {
        .custom(
            name,
            type: "boolean",
            expected: "true or false",
            default: defaultValue.map { ($0, String($0)) },
            placeholder: defaultValue ?? false,
            documentation
        ) { Bool($0.lowercased()) }
    }
}

extension ConfigurationKey where Value: CaseIterable & RawRepresentable<String> {
    /// One of a few words: the raw values of an enum. The default must be given, since it also is the placeholder.
    package static func choice(_ name: String, default defaultValue: Value, _ documentation: String) -> ConfigurationKey {
        .custom(
            name,
            type: "choice",
            expected: "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))",
            default: (defaultValue, defaultValue.rawValue),
            placeholder: defaultValue,
            documentation
        ) { text in
            Value.allCases.first { $0.rawValue.lowercased() == text.lowercased() }
        }
    }
}
