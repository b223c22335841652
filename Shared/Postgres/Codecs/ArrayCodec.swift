// The binary form of an array (src/backend/utils/adt/arrayfuncs.c, array_send): dimensions, a flag for NULLs, the element type, for each
// dimension its size and lower bound, then each element with its length; -1 is NULL.

extension PostgresEncodable {
    package static func encodePostgresArray(_ elements: [Self], into bytes: inout [UInt8]) throws(PostgresError) {
        guard postgresType.arrayOID != 0, let count = Int32(exactly: elements.count) else {
            throw PostgresError(.encoding, "An array of \(Self.self) cannot be a parameter.")
        }
        bytes.reserveCapacity(bytes.count + 20 + elements.count * 20)
        bytes.appendBigEndian(Int32(1))
        let nulls = bytes.count
        bytes.appendBigEndian(Int32(0))
        bytes.appendBigEndian(postgresType.oid)
        bytes.appendBigEndian(count)
        bytes.appendBigEndian(Int32(1))
        for element in elements {
            if element.isPostgresNull {
                bytes.overwrite(at: nulls, with: 1)
                bytes.appendBigEndian(Int32(-1))
                continue
            }
            let start = bytes.count
            bytes.appendBigEndian(Int32(0))
            try element.encodePostgres(into: &bytes)
            bytes.overwrite(at: start, with: Int32(truncatingIfNeeded: bytes.count - start - 4))
            guard bytes.count <= SQL.maximumParameterBytes else {
                throw PostgresError(.encoding, "A statement's parameters are larger than 1 GB.")
            }
        }
    }
}

extension PostgresDecodable {
    package static func decodePostgresArray(_ bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) -> [Self] {
        var reader = BinaryReader(bytes)
        let dimensions = try reader.integer(Int32.self)
        _ = try reader.integer(Int32.self)
        let elementType = try reader.integer(PostgresOID.self)
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw PostgresError(.decoding, "An array of \(dimensions) dimensions cannot be read.") }
        let count = Int(try reader.integer(Int32.self))
        _ = try reader.integer(Int32.self)
        guard count >= 0, count <= reader.rest.count / 4 else { throw PostgresError(.decoding, "An array ends early.") }
        var elements: [Self] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try reader.integer(Int32.self))
            if length == -1 {
                elements.append(try postgresNull())
            } else {
                elements.append(try Self(postgresBinary: reader.bytes(length), type: elementType))
            }
        }
        return elements
    }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    package static var postgresType: PostgresType { Element.postgresArrayType }

    package func encodePostgres(into bytes: inout [UInt8]) throws(PostgresError) {
        try Element.encodePostgresArray(self, into: &bytes)
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        self = try Element.decodePostgresArray(bytes, type: type)
    }
}

/// A byte; `[UInt8]` is `bytea`, not an array.
extension UInt8: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .char }
    package static var postgresArrayType: PostgresType { .bytea }

    package func encodePostgres(into bytes: inout [UInt8]) {
        bytes.append(self)
    }

    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        guard type == PostgresType.char.oid else { throw .mismatch(type, Self.self) }
        self = try UInt8(bigEndianBytes: bytes)
    }

    package static func encodePostgresArray(_ elements: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: elements)
    }

    package static func decodePostgresArray(_ bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) -> [UInt8] {
        guard type == PostgresType.bytea.oid else { throw .mismatch(type, [UInt8].self) }
        return Array(bytes)
    }
}
