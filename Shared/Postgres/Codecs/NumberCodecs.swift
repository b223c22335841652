/// `boolean`
extension Bool: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .bool }

    package func encodePostgres(into bytes: inout [UInt8]) {
        bytes.append(self ? 1 : 0)
    }

    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        guard type == PostgresType.bool.oid else { throw .mismatch(type, Self.self) }
        self = try UInt8(bigEndianBytes: bytes) != 0
    }
}

/// `smallint`
extension Int16: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .int2 }
    package func encodePostgres(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) { self = try decodeInteger(bytes, type) }
}

/// `integer`
extension Int32: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .int4 }
    package func encodePostgres(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) { self = try decodeInteger(bytes, type) }
}

/// `bigint`
extension Int64: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }
    package func encodePostgres(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) { self = try decodeInteger(bytes, type) }
}

/// `bigint`
extension Int: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }
    package func encodePostgres(into bytes: inout [UInt8]) { bytes.appendBigEndian(Int64(self)) }
    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) { self = try decodeInteger(bytes, type) }
}

/// `double precision`; reads `real` too.
extension Double: PostgresDecodable, PostgresEncodable {
    package static var postgresType: PostgresType { .float8 }

    package func encodePostgres(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(bitPattern)
    }

    package init(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresOID) throws(PostgresError) {
        switch type {
        case PostgresType.float8.oid: self = Double(bitPattern: try UInt64(bigEndianBytes: bytes))
        case PostgresType.float4.oid: self = Double(Float(bitPattern: try UInt32(bigEndianBytes: bytes)))
        default: throw .mismatch(type, Self.self)
        }
    }
}

/// Any of the server's integers, if the value fits; `numeric` too, if it is whole, because that is what `sum(bigint)` gives.
private func decodeInteger<Integer: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, _ type: PostgresOID) throws(PostgresError) -> Integer {
    let value: Int64
    switch type {
    case PostgresType.int8.oid: value = try Int64(bigEndianBytes: bytes)
    case PostgresType.int4.oid: value = Int64(try Int32(bigEndianBytes: bytes))
    case PostgresType.int2.oid: value = Int64(try Int16(bigEndianBytes: bytes))
    case PostgresType.oid.oid: value = Int64(try UInt32(bigEndianBytes: bytes))
    case PostgresType.numeric.oid: value = try decodeNumeric(bytes)
    default: throw .mismatch(type, Integer.self)
    }
    guard let integer = Integer(exactly: value) else { throw PostgresError(.decoding, "A number is out of the range of \(Integer.self).") }
    return integer
}

/// A whole `numeric`: digits of base 10,000, the first of them worth 10,000 to the power of `weight`.
private func decodeNumeric(_ bytes: ArraySlice<UInt8>) throws(PostgresError) -> Int64 {
    var reader = BinaryReader(bytes)
    let count = Int(try reader.integer(Int16.self))
    let weight = Int(try reader.integer(Int16.self))
    let sign = try reader.integer(UInt16.self)
    _ = try reader.integer(UInt16.self)
    guard sign == 0 || sign == 0x4000 else { throw PostgresError(.decoding, "A number is not finite.") }
    // 10,000⁵ exceeds Int64 already; leading digits are never zero.
    guard count == 0 || weight <= 4 else { throw PostgresError(.decoding, "A number is out of the range of Int64.") }
    var value: Int64 = 0
    for position in 0..<max(count, weight + 1, 0) {
        let digit = position < count ? Int64(try reader.integer(Int16.self)) : 0
        if position > weight {
            guard digit == 0 else { throw PostgresError(.decoding, "A number is not whole.") }
            continue
        }
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 10_000)
        let (next, overflowToo) = sign == 0 ? shifted.addingReportingOverflow(digit) : shifted.subtractingReportingOverflow(digit)
        guard !overflow, !overflowToo else { throw PostgresError(.decoding, "A number is out of the range of Int64.") }
        value = next
    }
    return value
}
