/// One setting of a service: its name in the environment, what it may be, and what it is for.
///
/// A key is declared once, in code, and everything else follows from it: reading, validation, the sentence that names a bad value, and the
/// table of `--help`. Keys are made by the functions of its extensions: `.text`, `.integer`, `.duration`, `.boolean`, `.choice`, `.custom`.
package struct ConfigurationKey<Value: Sendable>: Sendable {
    /// What people read about the key.
    package let description: ConfigurationKeyDescription
    /// What holds when the environment says nothing; `nil` makes the key required.
    let defaultValue: Value?
    /// Stands in for a value that is missing or wrong while the other keys are still being read. Never reaches a running service.
    let placeholder: Value
    /// The value of a text, or `nil` if the text is not allowed.
    let parse: @Sendable (String) -> Value?

    /// The variable's name.
    package var name: String { description.name }
}

/// What `--help` and error messages say about a key.
package struct ConfigurationKeyDescription: Sendable, Hashable {
    /// The environment variable.
    package let name: String
    /// The kind of value, in a word: `integer`.
    package let type: String
    /// What a good value is, as in "expected an integer from 1 to 65535".
    package let expected: String
    /// The default as one would write it; `nil` when the key is required, empty when it is simply not set.
    package let defaultText: String?
    /// Whether the value must never be shown.
    package let isSecret: Bool
    /// What the setting does, in one sentence.
    package let documentation: String
}

extension ConfigurationKey {
    /// A value of any type, read by a closure.
    ///
    /// - Parameters:
    ///   - type: The kind of value, in a word, for `--help`.
    ///   - expected: What a good value is, completing "expected …".
    ///   - defaultValue: The default, and how one would write it; `nil` makes the key required.
    ///   - placeholder: Any value, used while the errors of other keys are collected and when routes are listed without a configuration.
    ///   - parse: The value of a text, `nil` when the text is not allowed.
    package static func custom(
        _ name: String,
        type: String,
        expected: String,
        default defaultValue: (value: Value, text: String)? = nil,
        placeholder: Value,
        isSecret: Bool = false,
        _ documentation: String,
        parse: @escaping @Sendable (String) -> Value?
    ) -> ConfigurationKey {
        ConfigurationKey(
            description: ConfigurationKeyDescription(
                name: name,
                type: type,
                expected: expected,
                defaultText: defaultValue?.text,
                isSecret: isSecret,
                documentation: documentation
            ),
            defaultValue: defaultValue?.value,
            placeholder: placeholder,
            parse: parse
        )
    }
}
