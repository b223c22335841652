/// What is sent to the server at once and answered at once.
struct RoundTrip: Sendable {
    var statements: [SQL]
    /// `nil` for what must be done in any case, such as ROLLBACK.
    var cancellation: Cancellation?
    /// When the connection is given up for want of an answer; `nil` is never.
    var timeout: Duration?
    /// Whether the last statement is a COMMIT.
    var commits = false
}
