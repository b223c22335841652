/// Reads a composite binary value from front to back, refusing to read beyond its end.
struct BinaryReader {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) throws(PostgresError) -> Integer {
        try Integer(bigEndianBytes: bytes(Integer.bitWidth / 8))
    }

    mutating func bytes(_ count: Int) throws(PostgresError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw PostgresError(.decoding, "A value ends early.") }
        let end = rest.startIndex + count
        defer { rest = rest[end...] }
        return rest[rest.startIndex..<end]
    }
}

extension PostgresError {
    /// The column's type is not one that the Swift type can be read from.
    static func mismatch<Value>(_ type: PostgresOID, _ value: Value.Type) -> PostgresError {
        PostgresError(.decoding, "A column of the type number \(type) cannot be read as \(Value.self).")
    }
}
