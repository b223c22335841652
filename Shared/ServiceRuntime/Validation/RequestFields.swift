import HTTPTypes
package import Hummingbird
package import JSON

extension ServiceRequestContext {
    /// Reads the request's body, a JSON object, field by field.
    ///
    /// - Parameter read: Builds the value; see ``FieldReader``.
    /// - Throws: ``Problem``: 415 for another media type, 400 for what is not JSON in UTF-8, 422 with every bad field, 422 for a body that is
    ///   not an object.
    package func fields<Value>(of request: Request, _ read: (FieldReader) throws -> Value) throws -> Value {
        let value = try json(of: request)
        guard case .object(let object) = value else { throw Problem.validation("", "must be a JSON object") }
        return try ValidationErrors.collecting { errors in
            try read(FieldReader(object, at: "", errors: errors))
        }
    }

    /// The request's body as JSON.
    ///
    /// - Throws: ``Problem``: 415 for another media type, 400 for what is not JSON in UTF-8.
    package func json(of request: Request) throws(Problem) -> JSONValue {
        // No body needs no media type, and is not JSON either.
        if body.readableBytes == 0 { throw .malformedJSON("The body is empty; a JSON object is expected.") }
        guard Self.isJSON(request.headers[values: .contentType]) else { throw .unsupportedMediaType() }
        do throws(JSONError) {
            return try JSONValue(parsing: body.readableBytesView)
        } catch {
            throw .malformedJSON("At byte \(error.offset): \(error.reason)")
        }
    }

    /// `application/json`, alone or with `charset=utf-8`; other parameters are ignored.
    private static func isJSON(_ values: [String]) -> Bool {
        guard values.count == 1 else { return false }
        let parts = values[0].split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        guard parts[0].lowercased() == MediaTypes.json else { return false }
        return parts.dropFirst().allSatisfy { parameter in
            let pair = parameter.split(separator: "=", maxSplits: 1).map(trimmed)
            guard pair.count == 2, pair[0].lowercased() == "charset" else { return true }
            return ["utf-8", "\"utf-8\"", "utf8"].contains(pair[1].lowercased())
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}
