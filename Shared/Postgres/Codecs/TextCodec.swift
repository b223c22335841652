/// `text`; reads `varchar`, `character(n)`, `name`, `json`, `jsonb` and enums too.
extension String: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .text }

    /// - Throws: `.invalidText` for a NUL byte, which the server's text cannot hold.
    package func encodePostgres(into bytes: inout [UInt8]) throws(PostgresError) {
        let start = bytes.count
        bytes.append(contentsOf: utf8)
        guard !bytes[start...].contains(0) else { throw PostgresError(.invalidText, "A text holds a NUL byte.") }
    }

    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        var bytes = bytes
        switch type {
        case PostgresType.text.oid, PostgresType.varchar.oid, PostgresType.bpchar.oid, PostgresType.name.oid, PostgresType.json.oid,
            PostgresType.unknown.oid:
            break
        case PostgresType.jsonb.oid:
            guard bytes.popFirst() == 1 else { throw PostgresError(.decoding, "A jsonb of an unknown version.") }
        case PostgresType.firstUserOID...:
            break
        default:
            throw .mismatch(type, Self.self)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw PostgresError(.decoding, "A text is not valid UTF-8.") }
        self = text
    }
}
