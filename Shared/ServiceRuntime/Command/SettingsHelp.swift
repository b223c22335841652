/// The settings as `--help` lists them.
enum SettingsHelp {
    /// One paragraph for each key: the name; the type, what is allowed, the default; the meaning.
    static func text(for keys: [ConfigurationKeyDescription]) -> String {
        keys.map { key in
            let fallback =
                switch key.defaultText {
                case nil: "required"
                case "": "not set by default"
                case let text?: "default \(text)"
                }
            let secret = key.isSecret ? "; secret" : ""
            return "\(key.name)\n  \(key.type): \(key.expected); \(fallback)\(secret)\n  \(key.documentation)"
        }
        .joined(separator: "\n")
    }
}
