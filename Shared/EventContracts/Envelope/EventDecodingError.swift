import JSON

/// Why a record is not the event it should be. Trying again will not help.
package struct EventDecodingError: Error, Hashable {
    /// What is wrong, for code that decides and for grouping.
    package enum Code: String, Sendable {
        /// The record has no value: a tombstone.
        case missingPayload = "missing_payload"
        /// A header that every event carries is missing.
        case missingHeader = "missing_header"
        /// A header is there twice or does not say what it should.
        case invalidHeader = "invalid_header"
        /// The event is of another type than the one asked for.
        case unexpectedType = "unexpected_type"
        /// The payload's version is newer than this program, or no upcaster leads from it.
        case unsupportedVersion = "unsupported_version"
        /// The payload is not JSON.
        case malformedPayload = "malformed_payload"
        /// The payload is JSON, but a field is missing or wrong.
        case invalidPayload = "invalid_payload"
    }

    /// What is wrong.
    package let code: Code
    /// Which header or field, and what is wrong with it; without any of its content, so safe to show.
    package let detail: String

    /// - Parameters:
    ///   - code: what is wrong.
    ///   - detail: where and how, without any of the content.
    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    init(_ error: JSONError) {
        self.init(.malformedPayload, error.description)
    }

    init(_ error: JSONDecodingError) {
        self.init(.invalidPayload, error.description)
    }
}

extension EventDecodingError: CustomStringConvertible {
    /// Code and detail, safe to show.
    package var description: String { "\(code.rawValue): \(detail)" }
}
