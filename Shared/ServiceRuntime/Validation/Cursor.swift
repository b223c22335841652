package import EventContracts

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Where a page of a list ended: the time and the id of its last item, so that the next page starts there whatever was added meanwhile.
///
/// Clients get it as an opaque text. It carries a version and a checksum over the list's name and its content: a cursor that was made up,
/// damaged, or taken from another list is refused instead of giving odd results. The checksum is no secret; nothing rests on it but that.
package struct Cursor: Sendable, Hashable {
    /// When the last item was made.
    package let time: Timestamp
    /// The last item's id, which tells items of one microsecond apart.
    package let id: UUID

    package init(time: Timestamp, id: UUID) {
        self.time = time
        self.id = id
    }

    private static let version: UInt8 = 1

    /// The text for a client: base64url without padding, 39 characters.
    package func encoded(list: StaticString) -> String {
        var bytes = [Self.version]
        bytes.append(contentsOf: Self.bytes(of: UInt64(bitPattern: time.microseconds)))
        bytes.append(contentsOf: Self.bytes(of: id))
        bytes.append(contentsOf: Self.bytes(of: Self.checksum(bytes, list)).suffix(4))
        return Base64URL.encoded(bytes)
    }

    /// Reads a text that a client sent back; `nil` when it is not a cursor of this list.
    package init?(encoded: String, list: StaticString) {
        guard encoded.utf8.count == 39, let bytes = Base64URL.decoded(encoded), bytes.count == 29, bytes[0] == Self.version,
            bytes[25...].elementsEqual(Self.bytes(of: Self.checksum(bytes[..<25], list)).suffix(4))
        else { return nil }
        time = Timestamp(microseconds: Int64(bitPattern: Self.number(bytes[1..<9])))
        id = Self.uuid(bytes[9..<25])
    }

    /// FNV-1a, 64 bits, of the list's name and the bytes.
    private static func checksum(_ bytes: some Sequence<UInt8>, _ list: StaticString) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in Array(list.description.utf8) + Array(bytes) {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return hash
    }

    private static func bytes(of number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func bytes(of id: UUID) -> [UInt8] {
        let u = id.uuid
        return [u.0, u.1, u.2, u.3, u.4, u.5, u.6, u.7, u.8, u.9, u.10, u.11, u.12, u.13, u.14, u.15]
    }

    private static func uuid(_ bytes: ArraySlice<UInt8>) -> UUID {
        let b = Array(bytes)
        return UUID(
            uuid: (b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15])
        )
    }
}
