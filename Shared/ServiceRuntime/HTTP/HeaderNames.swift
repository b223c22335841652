package import HTTPTypes

extension HTTPField.Name {
    /// The request's id, on every response.
    package static let requestID = Self.named("X-Request-Id")
    /// The key that makes a repeated POST one effect.
    package static let idempotencyKey = Self.named("Idempotency-Key")
    /// `true` on an answer that was stored and is given again.
    package static let idempotencyReplayed = Self.named("Idempotency-Replayed")
    /// RFC 7240: what the client would like, such as `wait=10`.
    package static let prefer = Self.named("Prefer")
    /// RFC 7240: which of it was honoured.
    package static let preferenceApplied = Self.named("Preference-Applied")

    /// A name from a literal of this file.
    private static func named(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("a header name has a character that none may have") }
        return name
    }
}

/// The media types that the services speak.
package enum MediaTypes {
    package static let json = "application/json"
    package static let problem = "application/problem+json"
    package static let eventStream = "text/event-stream"
    static let prometheus = "text/plain; version=0.0.4; charset=utf-8"
    static let openAPI = "application/yaml"
    static let html = "text/html; charset=utf-8"
}
