import Testing

/// The three services together, seen from outside: over HTTP, Kafka, Postgres and the mailbox.
///
/// One test at a time: each may stop or kill what the others need.
@Suite(.serialized, .withSystem, .enabled(if: Environment.isComplete), .timeLimit(.minutes(5)))
struct EndToEnd {}
