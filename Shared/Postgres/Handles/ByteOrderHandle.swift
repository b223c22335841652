extension [UInt8] {
    /// Appends an integer in network byte order.
    @inline(__always)
    mutating func appendBigEndian<Integer: FixedWidthInteger>(_ value: Integer) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// Overwrites the four bytes at `position` with an integer in network byte order.
    @inline(__always)
    mutating func overwrite(at position: Int, with value: Int32) {
        precondition(position >= 0 && position + 4 <= count, "the bytes are not there")
        unsafe withUnsafeMutableBytes { unsafe $0.storeBytes(of: value.bigEndian, toByteOffset: position, as: Int32.self) }
    }

    /// Appends the bytes of a value of the C kind, as they lie in memory.
    @inline(__always)
    mutating func appendMemory<Value: BitwiseCopyable>(of value: Value) {
        unsafe Swift.withUnsafeBytes(of: value) { unsafe append(contentsOf: $0) }
    }
}

extension FixedWidthInteger {
    /// Reads all of `bytes` as one integer in network byte order.
    ///
    /// - Throws: `.decoding`, when there are too few or too many.
    @inline(__always)
    init(bigEndianBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        guard bytes.count == MemoryLayout<Self>.size else {
            throw PostgresError(.decoding, "\(bytes.count) bytes where an integer of \(Self.bitWidth / 8) is expected.")
        }
        self = unsafe bytes.withUnsafeBytes { unsafe Self(bigEndian: $0.loadUnaligned(as: Self.self)) }
    }
}
