package import EventContracts
package import Hummingbird

/// Reads the parameters of a query, and remembers everything that is wrong with them.
///
/// A parameter may be given once; an empty one counts as absent; unknown ones are ignored. Errors point to `/query/<name>`. As with
/// ``FieldReader``, stand-ins never leave the closure.
package struct QueryReader {
    private let parameters: [(name: String, value: String)]
    let errors: ValidationErrors

    init(_ query: String, errors: ValidationErrors) {
        self.errors = errors
        parameters = query.split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decodedFormText(parts[0]),
                let value = PercentEncoding.decodedFormText(parts.count > 1 ? parts[1] : "")
            else {
                errors.append("/query", "must be percent-encoded UTF-8 without control characters")
                return nil
            }
            return (name, value)
        }
    }

    /// A parameter as it is; `nil` when it is absent or empty.
    package func text(_ name: String) -> String? {
        let values = parameters.filter { $0.name == name }
        if values.count > 1 { fail(name, "must be given once") }
        return values.first.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// Records an error of a parameter.
    package func fail(_ name: String, _ detail: String) {
        errors.append("/query/\(name)", detail)
    }

    /// How many items a page may have: 1 to 200, 50 when nothing is said.
    package func limit(_ name: String = "limit", default standIn: Int = 50, maximum: Int = 200) -> Int {
        Int(integer(name, in: 1...Int64(maximum)) ?? Int64(standIn))
    }

    /// A whole number within a range, in decimal digits.
    package func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        value(name, "must be an integer from \(range.lowerBound) to \(range.upperBound)") { text in
            Int64(text).flatMap { range.contains($0) && !text.hasPrefix("+") ? $0 : nil }
        }
    }

    /// A typed identifier.
    package func id<ID: TypedID>(_ name: String, as type: ID.Type = ID.self) -> ID? {
        value(name, "must be a UUID") { ID($0) }
    }

    /// One of a few words.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String, of type: Choice.Type = Choice.self) -> Choice? {
        value(name, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))") { Choice(rawValue: $0) }
    }

    /// A time in RFC 3339.
    package func time(_ name: String) -> Timestamp? {
        value(name, "must be an RFC 3339 time") { Timestamp(rfc3339: $0) }
    }

    /// Where the page before this one ended.
    ///
    /// - Parameter list: The name of the list that the cursor belongs to; a cursor of another list is refused.
    package func cursor(_ name: String = "cursor", of list: StaticString) -> Cursor? {
        value(name, "must be a next_cursor of this list") { Cursor(encoded: $0, list: list) }
    }

    private func value<Value>(_ name: String, _ detail: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = text(name) else { return nil }
        if let value = parse(text) { return value }
        fail(name, detail)
        return nil
    }
}

extension ServiceRequestContext {
    /// Reads the request's query.
    ///
    /// - Throws: ``Problem``: 422 with every bad parameter.
    package func query<Value>(of request: Request, _ read: (QueryReader) throws -> Value) throws -> Value {
        try ValidationErrors.collecting { errors in
            try read(QueryReader(request.uri.query ?? "", errors: errors))
        }
    }

    /// An identifier from the path.
    ///
    /// - Parameter name: As in the route's template: `id` for `/orders/{id}`.
    /// - Throws: ``Problem``: 422 when it is not a UUID.
    package func pathID<ID: TypedID>(_ name: String, as type: ID.Type = ID.self) throws(Problem) -> ID {
        guard let text = parameters.get(name), let id = ID(text) else { throw .validation("/path/\(name)", "must be a UUID") }
        return id
    }
}
