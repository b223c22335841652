/// What the headers of a record say, checked.
struct CloudEventFields {
    let type: EventType
    let version: Int
    let subject: String
    let metadata: EventMetadata

    init(_ headers: [EventHeader]) throws(EventDecodingError) {
        let texts = try HeaderTexts(headers)
        guard try texts.required(EventHeaderName.specVersion, texts.specVersion) == "1.0" else {
            throw EventDecodingError(.invalidHeader, "ce_specversion must be 1.0")
        }
        if let contentType = texts.contentType, !Self.isJSON(contentType) {
            throw EventDecodingError(.invalidHeader, "content-type must be application/json")
        }
        guard let id = EventID(try texts.required(EventHeaderName.id, texts.id)) else {
            throw EventDecodingError(.invalidHeader, "ce_id must be a UUID")
        }
        guard let time = Timestamp(rfc3339: try texts.required(EventHeaderName.time, texts.time)) else {
            throw EventDecodingError(.invalidHeader, "ce_time must be an RFC 3339 time")
        }
        type = EventType(rawValue: try texts.required(EventHeaderName.type, texts.type))
        version = try Self.version(ofSchema: try texts.required(EventHeaderName.dataSchema, texts.dataSchema), of: type)
        subject = texts.subject ?? ""
        metadata = EventMetadata(
            id: id,
            time: time,
            causation: texts.causationID,
            correlation: try texts.required(EventHeaderName.correlationID, texts.correlationID),
            trace: texts.traceParent.flatMap(TraceContext.init(traceparent:))
        )
    }

    /// The N of `/schemas/<type>/vN.json`.
    private static func version(ofSchema path: String, of type: EventType) throws(EventDecodingError) -> Int {
        let prefix = "/schemas/\(type.rawValue)/v"
        let suffix = ".json"
        guard path.hasPrefix(prefix), path.hasSuffix(suffix), path.utf8.count > prefix.utf8.count + suffix.utf8.count else {
            throw EventDecodingError(.invalidHeader, "ce_dataschema must be the schema of ce_type")
        }
        let digits = path.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), digits.first != UInt8(ascii: "0"),
            let version = Int(String(decoding: digits, as: UTF8.self))
        else { throw EventDecodingError(.invalidHeader, "ce_dataschema must end in a version such as v1.json") }
        return version
    }

    /// `application/json`, whatever its case and parameters.
    private static func isJSON(_ contentType: String) -> Bool {
        if contentType == "application/json" { return true }
        let mediaType = contentType.split(separator: ";", maxSplits: 1).first ?? ""
        return mediaType.lowercased().filter { $0 != " " } == "application/json"
    }
}

/// The headers of CloudEvents by name, in one pass; none may be there twice, since nobody could say which one counts.
private struct HeaderTexts {
    var specVersion: String?
    var id: String?
    var type: String?
    var time: String?
    var subject: String?
    var dataSchema: String?
    var correlationID: String?
    var causationID: String?
    var traceParent: String?
    var contentType: String?

    init(_ headers: [EventHeader]) throws(EventDecodingError) {
        for header in headers {
            switch header.name {
            case EventHeaderName.specVersion: try Self.set(&specVersion, header)
            case EventHeaderName.id: try Self.set(&id, header)
            case EventHeaderName.type: try Self.set(&type, header)
            case EventHeaderName.time: try Self.set(&time, header)
            case EventHeaderName.subject: try Self.set(&subject, header)
            case EventHeaderName.dataSchema: try Self.set(&dataSchema, header)
            case EventHeaderName.correlationID: try Self.set(&correlationID, header)
            case EventHeaderName.causationID: try Self.set(&causationID, header)
            case EventHeaderName.traceParent: try Self.set(&traceParent, header)
            case EventHeaderName.contentType: try Self.set(&contentType, header)
            default: break
            }
        }
    }

    func required(_ name: String, _ value: String?) throws(EventDecodingError) -> String {
        guard let value, !value.isEmpty else { throw EventDecodingError(.missingHeader, "\(name) is missing") }
        return value
    }

    private static func set(_ slot: inout String?, _ header: EventHeader) throws(EventDecodingError) {
        guard slot == nil else { throw EventDecodingError(.invalidHeader, "\(header.name) is there twice") }
        slot = header.value
    }
}
