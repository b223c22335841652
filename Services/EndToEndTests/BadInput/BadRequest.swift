import JSON

/// A request that must be refused, and how.
struct BadRequest: Sendable {
    /// What is wrong with it.
    let name: String
    let service: String
    /// What is sent, byte by byte.
    let bytes: [UInt8]
    let status: Int
    let type: String

    init(_ name: String, _ service: String, _ bytes: [UInt8], _ refusal: Refusal) {
        self.name = name
        self.service = service
        self.bytes = bytes
        (status, type) = (refusal.status, "/problems/" + refusal.problem)
    }

    init(_ name: String, _ service: String, _ request: HTTPRequest, _ refusal: Refusal) {
        self.init("\(request.method) \(request.target.prefix(80)): \(name)", service, request.bytes, refusal)
    }
}

/// The rows of the contract's error table that a bad request can meet.
enum Refusal: Sendable {
    case badRequest, malformedJSON, validation, tooLarge, mediaType, notFound, accountNotFound, methodNotAllowed, emailTaken,
        insufficientFunds

    var status: Int {
        switch self {
        case .badRequest, .malformedJSON: 400
        case .validation: 422
        case .tooLarge: 413
        case .mediaType: 415
        case .notFound, .accountNotFound: 404
        case .methodNotAllowed: 405
        case .emailTaken, .insufficientFunds: 409
        }
    }

    var problem: String {
        switch self {
        case .badRequest: "bad-request"
        case .malformedJSON: "malformed-json"
        case .validation: "validation"
        case .tooLarge: "too-large"
        case .mediaType: "unsupported-media-type"
        case .notFound: "not-found"
        case .accountNotFound: "account-not-found"
        case .methodNotAllowed: "method-not-allowed"
        case .emailTaken: "email-taken"
        case .insufficientFunds: "insufficient-funds"
        }
    }
}

/// What is there for bad requests to be wrong about.
struct BadInputFixture: Sendable {
    let customer: Customer
    let orderID: String
    let messageID: String
    /// Valid cursors of each list.
    let orderCursor: String
    let messageCursor: String
    let entryCursor: String
}

/// A route that takes a body, with a body that it would accept.
struct CommandRoute: Sendable {
    let service: String
    let path: String
    let body: JSONValue

    /// The request with another body, as text.
    func request(_ text: String, contentType: String? = "application/json") -> HTTPRequest {
        request(Array(text.utf8), contentType: contentType)
    }

    func request(_ bytes: [UInt8], contentType: String? = "application/json") -> HTTPRequest {
        HTTPRequest("POST", path, headers: contentType.map { ["Content-Type": $0] } ?? [:], body: bytes)
    }

    /// The request with one field replaced, given as JSON text, which may be what no JSON value can hold; `nil` leaves the field out.
    func request(_ field: String, _ json: String?) -> HTTPRequest {
        var members = (body.objectValue ?? [:]).filter { $0.key != field }.map { "\(JSONValue.string($0.key)):\($0.value)" }
        if let json { members.append("\(JSONValue.string(field)):\(json)") }
        return request("{\(members.joined(separator: ","))}")
    }

    /// Refusals of the values of one field.
    func refusing(_ field: String, _ values: [String?], _ refusal: Refusal = .validation) -> [BadRequest] {
        values.map { value in
            BadRequest("\(field) \(value.map { String($0.prefix(60)) } ?? "left out")", service, request(field, value), refusal)
        }
    }
}
