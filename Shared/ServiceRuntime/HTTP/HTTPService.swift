import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle

/// Serves HTTP until the service is shut down; requests in flight are answered first.
///
/// One event loop: it is enough for two cores beside Postgres and the broker, and costs less than several. Bounds: 60 s without a byte
/// end an idle connection, 16 KiB of headers, and four connections for each request that may run at once; more wait in the backlog.
package struct HTTPService: Service, CustomStringConvertible {
    private let application: Application<PrefixedResponder>
    private let readiness: Readiness
    private let settings: HTTPSettings

    /// - Parameter onRunning: Called with the port once requests are accepted.
    package init(
        settings: HTTPSettings,
        responder: ServiceResponder,
        readiness: Readiness,
        logger: Logger,
        onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.readiness = readiness
        self.settings = settings
        application = Application(
            responder: responder.responder,
            server: .http1(configuration: Self.limits(bodyLimitBytes: settings.bodyLimitBytes, metrics: responder.metrics)),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port),
                availableConnectionsDelegate: .maximum(max(64, settings.maximumConcurrentRequests * 4), logger: logger)
            ),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? settings.port
                logger.info("HTTP is served", metadata: [LogKeys.host: "\(settings.host)", LogKeys.port: .stringConvertible(port)])
                await onRunning(port)
            },
            logger: Self.quiet(logger)
        )
    }

    package var description: String { "HTTP server" }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            do {
                try await application.run()
            } catch {
                throw ListeningError(host: settings.host, port: settings.port, cause: error)
            }
        } onGracefulShutdown: {
            readiness.beginShutdown()
        }
    }

    private static func limits(bodyLimitBytes: Int, metrics: PrometheusRegistry) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [CourtesyHandler(bodyLimitBytes: bodyLimitBytes, metrics: metrics)],
            idleTimeout: .seconds(60),
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 100)
        )
    }

    /// The server's own notes matter when something is wrong.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
