extension [UInt8] {
    /// Appends an integer in network byte order.
    mutating func appendBigEndian<Integer: FixedWidthInteger>(_ value: Integer) {
        var shift = Integer.bitWidth
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Overwrites the four bytes at `position` with an integer in network byte order.
    mutating func overwrite(at position: Int, with value: Int32) {
        self[position] = UInt8(truncatingIfNeeded: value >> 24)
        self[position + 1] = UInt8(truncatingIfNeeded: value >> 16)
        self[position + 2] = UInt8(truncatingIfNeeded: value >> 8)
        self[position + 3] = UInt8(truncatingIfNeeded: value)
    }
}

extension FixedWidthInteger {
    /// Reads all of `bytes` as one integer in network byte order.
    ///
    /// - Throws: `.decoding`, when there are too few or too many.
    init(bigEndianBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        guard bytes.count == Self.bitWidth / 8 else {
            throw PostgresError(.decoding, "\(bytes.count) bytes where an integer of \(Self.bitWidth / 8) is expected.")
        }
        var value: Self = 0
        for byte in bytes { value = value << 8 | Self(truncatingIfNeeded: byte) }
        self = value
    }
}

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
