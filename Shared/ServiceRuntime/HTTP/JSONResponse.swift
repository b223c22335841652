package import HTTPTypes
package import Hummingbird
package import JSON

/// A response with a JSON body.
///
/// ```swift
/// JSONResponse(.created, user, headers: [.location: "/users/\(user.id)"])
/// ```
package struct JSONResponse: Sendable, Equatable, ResponseGenerator {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    /// The JSON text.
    package var body: [UInt8]

    /// - Parameters:
    ///   - body: Written at once; the value itself is not kept.
    ///   - headers: Beside `Content-Type`, which is added.
    package init(_ status: HTTPResponse.Status = .ok, _ body: some JSONEncodable, headers: HTTPFields = [:]) {
        self.init(status: status, headers: headers, body: jsonBytes(body))
    }

    /// - Parameter body: A JSON text; it is not checked.
    package init(status: HTTPResponse.Status, headers: HTTPFields, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
        if self.headers[.contentType] == nil { self.headers[.contentType] = MediaTypes.json }
    }

    /// What Hummingbird sends.
    package var response: Response {
        Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    package func response(from request: Request, context: some RequestContext) -> Response {
        response
    }
}
