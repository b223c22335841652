import Testing

@testable import Postgres

/// An error says whether to wait, to try again, or to give up.
@Suite struct ErrorTests {
    @Test(
        "SQLSTATEs become codes",
        arguments: [
            ("23505", PostgresError.Code.uniqueViolation), ("40001", .serializationFailure), ("40P01", .deadlock),
            ("23514", .checkViolation),
            ("42P01", .undefinedTable), ("57P01", .adminShutdown), ("99999", .server),
        ]
    )
    func codes(sqlState: String, code: PostgresError.Code) {
        #expect(PostgresError.Code(sqlState: sqlState) == code)
    }

    @Test("What may pass by itself is retriable, and what broke a rule is not")
    func retriable() {
        for code in [
            PostgresError.Code.connectionLost, .serializationFailure, .deadlock, .adminShutdown, .tooManyConnections, .connectionFailed,
        ] {
            #expect(PostgresError(code, "").isRetriable)
        }
        for code in [PostgresError.Code.uniqueViolation, .commitOutcomeUnknown, .cancelled, .decoding, .syntaxError, .poolClosed] {
            #expect(!PostgresError(code, "").isRetriable)
        }
    }

    @Test("Only a server that is away is unavailable")
    func unavailable() {
        for code in [PostgresError.Code.connectionLost, .connectionFailed, .commitOutcomeUnknown, .cannotConnectNow, .readOnly] {
            #expect(PostgresError(code, "").isUnavailable)
        }
        for code in [PostgresError.Code.timeout, .deadlock, .poolExhausted, .uniqueViolation] {
            #expect(!PostgresError(code, "").isUnavailable)
        }
    }

    @Test("The SQLSTATE is found in what libpq says of a failed connection, in any language")
    func sqlStateOfConnecting() {
        #expect(
            sqlState(in: "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: password authentication failed")
                == "28P01"
        )
        #expect(sqlState(in: "connection to server failed: FATAL:  53300: sorry, too many clients already") == "53300")
        #expect(sqlState(in: "connection to server at \"x\", port 5432 failed: Connection refused") == nil)
        #expect(sqlState(in: "FATAL: HELLO: nothing") == nil)
    }

    @Test(
        "The URL's faults are errors that do not repeat it",
        arguments: ["", "http://u:secret@h", "postgres://u:secret@h:5432/db?nonsense=1", "a\0"]
    )
    func badURL(url: String) {
        #expect { try PostgresConfiguration(url: url) } throws: { error in
            guard let error = error as? PostgresError else { return false }
            return error.code == .invalidConfiguration && !error.debugDescription.contains("secret")
        }
    }

    @Test("A configuration shows no password, and its text is read back")
    func configuration() throws {
        var configuration = try PostgresConfiguration(url: "postgres://u:it%27s%20%5C@db.example:5433/orders?sslmode=require")
        #expect("\(configuration)" == "db.example:5433/orders")
        configuration.database = "other"
        let again = try PostgresConfiguration(url: configuration.connectionString)
        #expect("\(again)" == "db.example:5433/other")
        #expect(again.connectionOptions.contains { $0.name == "password" && $0.value == "it's \\" })
        #expect(again.connectionOptions.contains { $0.name == "sslmode" && $0.value == "require" })
        #expect(again.connectionOptions.contains { $0.name == "options" && $0.value.contains("-c statement_timeout=10000") })
    }

    @Test("Durations become whole milliseconds, rounded up")
    func milliseconds() {
        #expect(Duration.seconds(2).wholeMilliseconds == 2000)
        #expect(Duration.microseconds(1).wholeMilliseconds == 1)
        #expect(Duration.seconds(-1).wholeMilliseconds == 0)
        #expect(Duration(secondsComponent: .max, attosecondsComponent: 0).wholeMilliseconds == .max)
    }
}
