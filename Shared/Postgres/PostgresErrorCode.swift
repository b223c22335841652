extension PostgresError {
    /// What happened; a set that may grow, so it is a struct: switch over it with a `default`.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The code's name in logs and metrics.
        package let description: String

        private init(_ description: String) {
            self.description = description
        }
    }
}

// MARK: - Of the client

extension PostgresError.Code {
    /// No connection could be made.
    package static let connectionFailed = Self("connection_failed")
    /// The connection broke, or the server fell silent. A transaction that ends so has had no effect.
    package static let connectionLost = Self("connection_lost")
    /// The connection broke while COMMIT was under way: the transaction is there as a whole, or not at all; look before running it again.
    package static let commitOutcomeUnknown = Self("commit_outcome_unknown")
    /// The server stopped a statement because it took too long.
    package static let timeout = Self("timeout")
    /// The task was cancelled; the statement was stopped on the server too.
    package static let cancelled = Self("cancelled")
    /// No connection came free in time, or too many callers wait already.
    package static let poolExhausted = Self("pool_exhausted")
    /// The pool was closed.
    package static let poolClosed = Self("pool_closed")
    /// The connection was given back, or closed.
    package static let connectionClosed = Self("connection_closed")
    /// The transaction had failed before, and the failure was not passed on: it was rolled back.
    package static let transactionAborted = Self("transaction_aborted")
    /// A prepared statement no longer fits the schema. It is forgotten: the next attempt prepares it anew.
    package static let stalePlan = Self("stale_plan")
    /// A text holds a NUL byte, which the server's text cannot.
    package static let invalidText = Self("invalid_text")
    /// A statement has more parameters than the protocol's 65,535.
    package static let tooManyParameters = Self("too_many_parameters")
    /// A value has no binary form for the server: out of its range, too large, or a nested array.
    package static let encoding = Self("encoding")
    /// A value of the server does not fit the Swift type asked for.
    package static let decoding = Self("decoding")
    /// The connection URL or a setting makes no sense.
    package static let invalidConfiguration = Self("invalid_configuration")
    /// The server or libpq answered what it must not.
    package static let protocolViolation = Self("protocol_violation")
    /// The migration files and the database disagree.
    package static let migrationMismatch = Self("migration_mismatch")
}

// MARK: - Of the server

extension PostgresError.Code {
    /// 23505
    package static let uniqueViolation = Self("unique_violation")
    /// 23503
    package static let foreignKeyViolation = Self("foreign_key_violation")
    /// 23502
    package static let notNullViolation = Self("not_null_violation")
    /// 23514
    package static let checkViolation = Self("check_violation")
    /// 23P01
    package static let exclusionViolation = Self("exclusion_violation")
    /// 40001
    package static let serializationFailure = Self("serialization_failure")
    /// 40P01
    package static let deadlock = Self("deadlock")
    /// 55P03: `NOWAIT` or `lock_timeout`.
    package static let lockNotAvailable = Self("lock_not_available")
    /// 55006
    package static let objectInUse = Self("object_in_use")
    /// 25006: the server is a standby, as in the middle of a failover.
    package static let readOnly = Self("read_only")
    /// 25P03: the transaction idled too long, and the server ended the session.
    package static let idleInTransactionTimeout = Self("idle_in_transaction_timeout")
    /// 22003
    package static let numericOutOfRange = Self("numeric_out_of_range")
    /// 22P02 and 22P03: a literal or binary value that the type refuses.
    package static let invalidValue = Self("invalid_value")
    /// 42601
    package static let syntaxError = Self("syntax_error")
    /// 42501
    package static let insufficientPrivilege = Self("insufficient_privilege")
    /// 42P01
    package static let undefinedTable = Self("undefined_table")
    /// 42703
    package static let undefinedColumn = Self("undefined_column")
    /// 42883
    package static let undefinedFunction = Self("undefined_function")
    /// 42P07
    package static let duplicateTable = Self("duplicate_table")
    /// 42P04
    package static let duplicateDatabase = Self("duplicate_database")
    /// 3D000
    package static let undefinedDatabase = Self("undefined_database")
    /// 53300
    package static let tooManyConnections = Self("too_many_connections")
    /// 57P01
    package static let adminShutdown = Self("admin_shutdown")
    /// 57P02
    package static let crashShutdown = Self("crash_shutdown")
    /// 57P03
    package static let cannotConnectNow = Self("cannot_connect_now")
    /// Any other SQLSTATE; see ``PostgresError/sqlState``.
    package static let server = Self("server_error")

    /// The code of a SQLSTATE (PostgreSQL manual, appendix A).
    package init(sqlState: String) {
        self = Self.bySQLState[sqlState] ?? .server
    }

    private static let bySQLState: [String: Self] = [
        "23505": .uniqueViolation, "23503": .foreignKeyViolation, "23502": .notNullViolation, "23514": .checkViolation,
        "23P01": .exclusionViolation, "40001": .serializationFailure, "40P01": .deadlock, "55P03": .lockNotAvailable,
        "55006": .objectInUse, "25006": .readOnly, "25P03": .idleInTransactionTimeout, "22003": .numericOutOfRange,
        "22P02": .invalidValue, "22P03": .invalidValue, "22021": .invalidText, "42601": .syntaxError,
        "42501": .insufficientPrivilege, "42P01": .undefinedTable, "42703": .undefinedColumn, "42883": .undefinedFunction,
        "42P07": .duplicateTable, "42P04": .duplicateDatabase, "3D000": .undefinedDatabase, "53300": .tooManyConnections,
        "57014": .timeout, "57P01": .adminShutdown, "57P02": .crashShutdown, "57P03": .cannotConnectNow,
        "26000": .stalePlan, "08P01": .protocolViolation, "25P02": .transactionAborted,
    ]
}
