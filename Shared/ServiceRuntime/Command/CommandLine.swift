import ArgumentParser

/// What a service can be told to do.
enum Action: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// Run until a signal.
    case serve
    /// Bring the database's schema up to date, and end.
    case migrate
    /// Ask the service that runs with these settings whether it is ready, and end.
    case healthcheck
    /// Print the HTTP routes, and end.
    case routes
}

/// A service's command line. Settings come from the environment, not from here.
struct ServiceCommand: ParsableCommand {
    /// What the help says, which is known only at run time.
    @TaskLocal static var texts = Texts(name: "service", version: "", settings: "")

    struct Texts: Sendable {
        let name: String
        let version: String
        let settings: String
    }

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: texts.name,
            abstract: "The \(texts.name) service of HappyMail.",
            usage: "\(texts.name) [serve | migrate | healthcheck | routes | dead-letters …]",
            discussion: """
                serve         runs the service until SIGTERM or SIGINT (the default)
                migrate       brings the database's schema up to date, and ends
                healthcheck   asks the service on HTTP_HOST and HTTP_PORT whether it is ready: exit status 0 or 1
                routes        prints the HTTP routes, and ends
                dead-letters  list, show, edit, retry and discard what was given up; see \(texts.name) dead-letters --help

                Settings, from the environment:

                \(texts.settings)
                """,
            version: "\(texts.name) \(texts.version)"
        )
    }

    @Argument(help: "What to do.")
    var action: Action = .serve
}
