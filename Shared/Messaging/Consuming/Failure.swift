import Kafka
import Logging
import Postgres

/// What a consumer asks about an error: wait, or look for the record at fault?
enum Failure: Equatable {
    /// The database or the broker is away or overloaded: nothing is wrong with any record.
    case infrastructure
    /// The handler could not do it.
    case handler

    init(_ error: any Error) {
        switch error {
        case let error as PostgresError where error.code == .poolClosed || error.code == .cancelled: self = .infrastructure
        case let error as PostgresError: self = error.isUnavailable || error.isRetriable ? .infrastructure : .handler
        case is KafkaError, is CancellationError: self = .infrastructure
        default: self = .handler
        }
    }

    /// What waits for the infrastructure goes on by itself; the rest is somebody's mistake.
    var logLevel: Logger.Level {
        switch self {
        case .infrastructure: .warning
        case .handler: .error
        }
    }

    /// An error as it is stored and shown to operators: what it is, without the values it was about.
    static func summary(of error: any Error) -> String {
        // No text in Postgres holds a NUL.
        String("\(type(of: error)): \(error)".prefix(1000).map { $0 == "\0" ? "\u{FFFD}" : $0 })
    }
}
