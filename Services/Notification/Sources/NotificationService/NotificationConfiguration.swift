package import ServiceRuntime

/// The notification service's own settings.
package struct NotificationConfiguration: ServiceConfiguration {
    static let smtpURL = ConfigurationKey<String>.text(
        "SMTP_URL",
        expected: "smtp://[user:password@]host[:port]",
        placeholder: "smtp://localhost",
        isSecret: true,
        "The mail server."
    ) { (try? SMTPConfiguration(url: $0)) != nil }
    static let mailFrom = ConfigurationKey<String>.text(
        "MAIL_FROM",
        default: "happymail@arch.homework",
        expected: "an e-mail address",
        "The sender of every mail; the part behind its @ is also that of the Message-IDs."
    ) { SMTPAddress($0) != nil }
    static let mailFromName = ConfigurationKey<String>.text("MAIL_FROM_NAME", default: "HappyMail", "The sender's name.")
    static let maximumAttempts = ConfigurationKey<Int>.integer(
        "MAIL_MAX_ATTEMPTS",
        default: 12,
        range: 1...1000,
        "Attempts after which a mail that is refused for now has failed."
    )
    static let templates = ConfigurationKey<String?>.optionalText(
        "TEMPLATES_DIRECTORY",
        "A folder of templates to use instead of the service's own."
    )

    /// The mail server. Secret.
    package let smtpURL: String
    package let mailFrom: String
    package let mailFromName: String
    package let maximumAttempts: Int
    package let templatesDirectory: String?

    package init(reading reader: inout ConfigurationReader) {
        smtpURL = reader.read(Self.smtpURL)
        mailFrom = reader.read(Self.mailFrom)
        mailFromName = reader.read(Self.mailFromName)
        maximumAttempts = reader.read(Self.maximumAttempts)
        templatesDirectory = reader.read(Self.templates)
    }
}
