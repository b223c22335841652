import JSON

/// One thing that must be well before a service should be sent requests: its database, its broker, its schema.
package struct HealthCheck: Sendable {
    /// What is checked, in a word: `postgres`.
    package let name: String
    /// Looks. May take as long as it likes: the caller waits for a bounded time.
    package let check: @Sendable () async -> HealthResult

    package init(_ name: String, check: @escaping @Sendable () async -> HealthResult) {
        self.name = name
        self.check = check
    }

    /// A check that is well unless it throws.
    ///
    /// The error itself is not shown, since anybody may read the answer: `detail` says what it means.
    package static func succeeding(
        _ name: String,
        orElse detail: String,
        _ attempt: @escaping @Sendable () async throws -> Void
    ) -> HealthCheck {
        HealthCheck(name) {
            do {
                try await attempt()
                return .ok
            } catch {
                return .failed(detail)
            }
        }
    }
}

/// What a check found.
package enum HealthResult: Sendable, Hashable {
    /// All is well; the detail is for people.
    case ok(detail: String)
    /// The service should get no requests, and why. Anybody may read it.
    case failed(String)

    /// All is well.
    package static let ok = HealthResult.ok(detail: "")
}

/// What `/readyz` answers.
struct ReadinessReport: Sendable, Equatable, JSONEncodable {
    struct Entry: Sendable, Equatable {
        let name: String
        let result: HealthResult
    }

    let entries: [Entry]

    var isReady: Bool {
        entries.allSatisfy { entry in
            if case .ok = entry.result { true } else { false }
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { body in
            body.field("status", isReady ? "ready" : "not_ready")
            body.array("checks") { checks in
                for entry in entries { checks.object { Self.write(entry, to: &$0) } }
            }
        }
    }

    private static func write(_ entry: Entry, to object: inout JSONObjectWriter) {
        object.field("name", entry.name)
        switch entry.result {
        case .ok(let detail):
            object.field("ok", true)
            object.field("detail", detail)
        case .failed(let detail):
            object.field("ok", false)
            object.field("detail", detail)
        }
    }
}
