package import Logging

/// Which service a process is.
package struct ServiceDescription: Sendable, Hashable {
    /// In lower case: `order`.
    package let name: String
    /// As `--version` prints it.
    package let version: String

    package init(name: String, version: String) {
        self.name = name
        self.version = version
    }
}

/// What a service is assembled from: its settings, and what the runtime has made already.
package struct Bootstrap<Configuration: ServiceConfiguration>: Sendable {
    /// Which service this is.
    package let service: ServiceDescription
    /// The settings that all services share.
    package let runtime: RuntimeConfiguration
    /// The service's own settings.
    package let configuration: Configuration
    /// For background work. Requests have their own, in their context.
    package let logger: Logger
    /// What `/metrics` shows. swift-metrics writes to it too, so `Counter(label:)` needs no registry.
    package let metrics: PrometheusRegistry
    /// Whether the service is assembled only to be described (`routes`): the settings are placeholders and nothing is going to run.
    package let isDescribing: Bool

    package init(
        service: ServiceDescription,
        runtime: RuntimeConfiguration,
        configuration: Configuration,
        logger: Logger,
        metrics: PrometheusRegistry,
        isDescribing: Bool = false
    ) {
        self.service = service
        self.runtime = runtime
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
        self.isDescribing = isDescribing
    }
}
