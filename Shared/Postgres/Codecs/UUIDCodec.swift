#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// `uuid`
extension UUID: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .uuid }

    package func encodePostgres(into bytes: inout [UInt8]) {
        bytes.appendMemory(of: uuid)
    }

    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        guard type == PostgresType.uuid.oid else { throw .mismatch(type, Self.self) }
        guard bytes.count == 16 else { throw PostgresError(.decoding, "A uuid of \(bytes.count) bytes.") }
        let b = bytes
        let i = bytes.startIndex
        self.init(
            uuid: (
                b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
                b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14], b[i + 15]
            )
        )
    }
}
