package import HTTPTypes
package import Hummingbird
package import JSON

/// An error that a client is told about: `application/problem+json` (RFC 9457).
///
/// Handlers throw it from anywhere below a route; exactly one middleware makes the response of it. The constructors of its extension are the
/// rows of the error table in the HTTP contract: use those, so that a case always has the same type and status.
package struct Problem: Error, Sendable, Equatable {
    /// A stable relative URI that names the case: `/problems/insufficient-funds`.
    package let type: String
    /// The case in a few words, always the same for a type.
    package let title: String
    /// The HTTP status.
    package let status: HTTPResponse.Status
    /// What happened this time, in a sentence for people. Must not hold what the client may not know.
    package var detail: String
    /// The fields that were wrong, for `/problems/validation`.
    package var errors: [FieldError] = []
    /// Headers that belong to the case: `Retry-After`, `Allow`.
    package var headers: HTTPFields = [:]

    package init(type: String, title: String, status: HTTPResponse.Status, detail: String) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
    }
}

/// One thing that is wrong with a request.
package struct FieldError: Sendable, Hashable {
    /// Where: a JSON pointer into the body (`/price/amount`), `/query/limit`, `/path/id` or `/headers/idempotency-key`.
    package let pointer: String
    /// What it should be: "must be positive".
    package let detail: String

    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

extension Problem {
    /// The response for a request, whose id becomes `instance`.
    package func response(requestID: String) -> Response {
        var fields = headers
        fields[.contentType] = MediaTypes.problem
        return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: body(requestID: requestID))))
    }

    /// The response's body.
    func body(requestID: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { body in
            body.field("type", type)
            body.field("title", title)
            body.field("status", status.code)
            body.field("detail", detail)
            body.field("instance", requestID)
            if !errors.isEmpty { body.field("errors", errors) }
        }
        return writer.bytes
    }
}

extension FieldError: JSONEncodable {
    package func write(to writer: inout JSONWriter) {
        writer.object { error in
            error.field("pointer", pointer)
            error.field("detail", detail)
        }
    }
}

extension Problem: CustomStringConvertible {
    /// The type and the detail, for logs.
    package var description: String { "\(type): \(detail)" }
}
