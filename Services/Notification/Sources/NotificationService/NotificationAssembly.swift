import Foundation
import Messaging
package import ServiceRuntime

/// The only file where the notification service's parts meet.
package enum NotificationAssembly {
    /// Connects the parts; nothing is reached for yet.
    ///
    /// - Throws: `LetterTemplateError`, when a template is missing or broken.
    package static func make(_ bootstrap: Bootstrap<NotificationConfiguration>) async throws -> Assembly {
        let backbone = try Backbone(bootstrap)
        let configuration = bootstrap.configuration
        let (recipients, messages, mailWakeUp) = (RecipientStore(), MessageStore(), Signal())
        let queue = MailQueue(wakeUp: mailWakeUp)
        let letters = WriteLetters(
            templates: try LetterTemplates(directory: configuration.templatesDirectory.map { URL(filePath: $0) }),
            messages: messages,
            queue: queue
        )
        let routes = NotificationRoutes(
            postgres: backbone.postgres,
            commands: backbone.commands,
            messages: messages,
            sendDirectMessage: SendDirectMessage(recipients: recipients, letters: letters)
        )

        var parts = Backbone.Parts(
            migrations: Bundle.module.bundleURL.appending(path: "Migrations"),
            openAPI: Bundle.module.bundleURL.appending(path: "openapi.yaml"),
            routes: routes.add
        )
        // First what brings addresses, then what needs them.
        parts.handlers.register(RememberRecipients(recipients: recipients, letters: letters, parked: backbone.parked))
        let verdicts = VerdictLetters(recipients: recipients, letters: letters)
        parts.handlers.register(WriteHappyLetters(verdicts: verdicts))
        parts.handlers.register(WriteSadLetters(verdicts: verdicts))
        parts.notifications[MailQueue.channel] = { _ in mailWakeUp.notify() }
        parts.services.append(
            try mailer(configuration, backbone: backbone, messages: messages, queue: queue, wakeUp: mailWakeUp)
        )
        return try backbone.assembly(parts)
    }

    private static func mailer(
        _ configuration: NotificationConfiguration,
        backbone: Backbone,
        messages: MessageStore,
        queue: MailQueue,
        wakeUp: Signal
    ) throws -> Mailer {
        guard let from = SMTPAddress(configuration.mailFrom) else { preconditionFailure("MAIL_FROM was validated") }
        var smtp = try SMTPConfiguration(url: configuration.smtpURL)
        // Together below the mailer's bound for one attempt.
        smtp.connectTimeout = .seconds(3)
        smtp.commandTimeout = .seconds(5)
        smtp.messageTimeout = .seconds(10)
        return Mailer(
            postgres: backbone.postgres,
            messages: messages,
            queue: queue,
            outbox: backbone.outbox,
            smtp: SMTPClient(configuration: smtp, logger: backbone.logger),
            wakeUp: wakeUp,
            configuration: Mailer.Configuration(
                from: Mailbox(name: configuration.mailFromName, address: from),
                maximumAttempts: configuration.maximumAttempts
            ),
            logger: backbone.logger
        )
    }
}
