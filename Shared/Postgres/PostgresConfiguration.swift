/// How to reach a database, and how long to wait for it.
///
/// | property | default | range | secret |
/// | --- | --- | --- | --- |
/// | url | none | `postgres://user:password@host:port/database?sslmode=…`, or libpq's `key=value` form | yes |
/// | applicationName | `happymail` | any text | no |
/// | connectTimeout | 3 s | more than 0 | no |
/// | statementTimeout | 10 s | 0 (none) or more, whole milliseconds | no |
/// | idleInTransactionTimeout | 30 s | 0 (none) or more, whole milliseconds | no |
/// | responseTimeout | statementTimeout + 5 s | more than 0, or `nil` (none) | no |
/// | tcpUserTimeout | 10 s | 0 (the system's) or more, whole milliseconds | no |
package struct PostgresConfiguration: Sendable, CustomStringConvertible {
    /// What the server lists us as in `pg_stat_activity`.
    package var applicationName = "happymail"
    /// How long making a connection may take, name resolution aside.
    package var connectTimeout: Duration = .seconds(3)
    /// How long the server lets one statement run; `.zero` is for ever.
    package var statementTimeout: Duration = .seconds(10)
    /// How long the server lets a transaction idle before it ends the session; `.zero` is for ever.
    package var idleInTransactionTimeout: Duration = .seconds(30)
    /// How long we wait for all the answers of a round trip before we give the connection up, since a server that is stopped keeps no time.
    package var responseTimeout: Duration? {
        get { customResponseTimeout ?? (statementTimeout > .zero ? statementTimeout + .seconds(5) : nil) }
        set { customResponseTimeout = newValue }
    }
    /// How long sent data may stay unacknowledged before the system gives the connection up; Linux only.
    package var tcpUserTimeout: Duration = .seconds(10)
    /// Settings of the session, such as `["plan_cache_mode": "force_generic_plan"]`.
    package var sessionParameters: [String: String] = [:]
    /// The database's name.
    package var database: String {
        get { options["dbname"] ?? options["user"] ?? "" }
        set { options["dbname"] = newValue }
    }

    private var customResponseTimeout: Duration?
    /// libpq's connection options, as the URL gave them.
    private var options: [String: String]

    /// Reads a connection URL or libpq's `key=value` form.
    ///
    /// - Throws: `.invalidConfiguration`. The error does not repeat the URL, which may hold a password.
    package init(url: String) throws(PostgresError) {
        options = try parseConnectionString(url)
    }

    /// The host and database only.
    package var description: String {
        "\(options["host"] ?? options["hostaddr"] ?? "local"):\(options["port"] ?? "5432")/\(database)"
    }

    /// The database in libpq's `key=value` form, which `init(url:)` reads. Secret: it holds the password.
    package var connectionString: String {
        options.sorted { $0.key < $1.key }.map { key, value in
            "\(key)='" + value.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] } + "'"
        }.joined(separator: " ")
    }

    /// What libpq is given.
    var connectionOptions: [(name: String, value: String)] {
        var all = options
        if all["application_name"] == nil { all["application_name"] = applicationName }
        all["client_encoding"] = "UTF8"
        all["keepalives"] = "1"
        all["keepalives_idle"] = all["keepalives_idle"] ?? "10"
        all["keepalives_interval"] = all["keepalives_interval"] ?? "3"
        all["keepalives_count"] = all["keepalives_count"] ?? "3"
        all["tcp_user_timeout"] = all["tcp_user_timeout"] ?? String(tcpUserTimeout.wholeMilliseconds)
        var settings = [
            "statement_timeout": String(statementTimeout.wholeMilliseconds),
            "idle_in_transaction_session_timeout": String(idleInTransactionTimeout.wholeMilliseconds),
        ]
        settings.merge(sessionParameters) { _, custom in custom }
        let flags = settings.sorted { $0.key < $1.key }.map { "-c \($0.key)=\(escaped($0.value))" }
        all["options"] = ([all["options"]].compactMap(\.self) + flags).joined(separator: " ")
        return all.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    /// The server splits `options` at white space that no backslash precedes.
    private func escaped(_ value: String) -> String {
        String(value.flatMap { $0 == " " || $0 == "\\" ? ["\\", $0] : [$0] })
    }
}

extension Duration {
    /// Rounded up, and never negative.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let milliseconds = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return max(0, seconds.multipliedReportingOverflow(by: 1000).overflow ? .max : seconds * 1000 + milliseconds)
    }
}
