package import EventContracts
package import JSON

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Something whose state is the sum of what happened to it.
///
/// Commands look at the state and return facts; ``apply(_:)`` is the only thing that changes it. So the state can be had again, as of any
/// version, from the facts alone.
package protocol EventSourced: Sendable {
    associatedtype Fact: StoredFact

    /// Takes in a fact. Total: whatever was once decided is applied, without judging it again.
    mutating func apply(_ fact: Recorded<Fact>)
}

/// A fact as it is stored: a kind, a version of its form, and JSON.
package protocol StoredFact: Sendable, JSONEncodable {
    /// The name under which facts of this kind are stored; never reused for another meaning.
    var kind: String { get }

    /// The version of the form that ``write(to:)`` produces.
    static var schemaVersion: Int { get }

    /// Reads a stored fact, also one of an older form: facts are brought up to date when read and never rewritten.
    init(kind: String, schemaVersion: Int, json: JSONValue) throws(JSONDecodingError)
}

/// A fact and its place in its stream.
package struct Recorded<Fact: StoredFact>: Sendable {
    /// Whose fact it is.
    package let stream: UUID
    /// Its place: 1 for the first, without gaps.
    package let version: Int64
    /// Its own id.
    package let id: UUID
    package let occurredAt: Timestamp
    package let fact: Fact
    /// At most one fact of a store has a given key: the order that may be decided once.
    package let uniqueKey: UUID?

    package init(stream: UUID, version: Int64, id: UUID, occurredAt: Timestamp, fact: Fact, uniqueKey: UUID? = nil) {
        self.stream = stream
        self.version = version
        self.id = id
        self.occurredAt = occurredAt
        self.fact = fact
        self.uniqueKey = uniqueKey
    }
}
