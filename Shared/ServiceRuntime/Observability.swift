import Logging
import Metrics
import Synchronization

/// Makes the process's logs and metrics ours.
enum Observability {
    private static let installed = Mutex(false)

    /// Called once, before the first logger is made; later calls change nothing, since the libraries allow no second time.
    static func install(service: String, level: Logger.Level, metrics: PrometheusRegistry) {
        let isFirst = installed.withLock { installed in
            defer { installed = true }
            return !installed
        }
        guard isFirst else { return }
        LoggingSystem.bootstrap(
            { label, provider in JSONLogHandler(service: service, label: label, level: level, metadataProvider: provider) },
            metadataProvider: RequestScope.metadataProvider
        )
        MetricsSystem.bootstrap(metrics)
    }
}
