package import JSON

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// An identifier that cannot be mistaken for another kind of identifier.
///
/// On the wire it is a UUID in its canonical form, 36 characters in lower case; upper case is read too (RFC 9562, section 4). Ids compare
/// as Postgres compares `uuid`, byte by byte, and a new one is a UUIDv7, so that sorting by id is sorting by age.
package protocol TypedID: Sendable, Hashable, Comparable, CustomStringConvertible, JSONEncodable, JSONDecodable {
    /// The identifier itself.
    var uuid: UUID { get }

    /// An identifier that is known already. Any UUID is accepted, whatever its version.
    init(uuid: UUID)
}

extension TypedID {
    /// A new identifier, greater than all that this process made before.
    package init() {
        self.init(uuid: UUIDv7.make())
    }

    /// Reads the canonical form and nothing else: no braces, no `urn:uuid:`, no blanks.
    package init?(_ string: String) {
        guard let uuid = CanonicalUUID.parse(string.utf8) else { return nil }
        self.init(uuid: uuid)
    }

    /// The canonical form, in lower case.
    package var description: String {
        CanonicalUUID.text(of: uuid)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.uuid < right.uuid
    }

    package func write(to writer: inout JSONWriter) {
        writer.string(ascii: CanonicalUUID.length) { CanonicalUUID.append(uuid, to: &$0) }
    }

    package init(json: JSONValue) throws(JSONDecodingError) {
        guard case .string(let text) = json, let id = Self(text) else { throw JSONDecodingError("must be a UUID") }
        self = id
    }
}
