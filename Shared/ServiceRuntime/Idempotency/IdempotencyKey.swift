import HTTPTypes

/// The key by which a client marks repeats of one command.
struct IdempotencyKey: Sendable, Hashable {
    /// 1 to 255 visible ASCII characters.
    let text: String

    /// Reads the header; `nil` when there is none.
    ///
    /// - Throws: ``Problem``, 422, for a key that is too long, has other characters, or is given twice.
    init?(_ headers: HTTPFields) throws(Problem) {
        let values = headers[values: .idempotencyKey]
        guard let value = values.first else { return nil }
        guard values.count == 1, (1...255).contains(value.utf8.count), value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .validation("/headers/idempotency-key", "must be given once and have 1 to 255 visible ASCII characters")
        }
        text = value
    }
}
