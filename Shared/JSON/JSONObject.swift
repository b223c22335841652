/// The members of a JSON object, in the order in which they were written, each name once.
///
/// Order is kept for readers and for bytes that do not change between runs; it has no meaning, so two objects with the same members in
/// another order are equal (RFC 8259, section 4). Names are compared as Swift compares strings: two spellings of the same characters
/// (composed and decomposed é) are one name.
package struct JSONObject: Sendable {
    private var members: [Member] = []
    /// Where each name is, once there are more than `scanLimit`: looking through few is faster than hashing, and an object of many thousand
    /// names, which a client may send, must not cost the square of that.
    private var positions: [String: Int]?

    private static let scanLimit = 16

    private struct Member {
        let key: String
        var value: JSONValue
    }

    /// An object without members.
    package init() {}

    /// The members in the given order; a name given again keeps its place and takes the later value.
    package init(_ pairs: [(String, JSONValue)]) {
        members.reserveCapacity(pairs.count)
        for (name, value) in pairs { self[name] = value }
    }

    /// The names, in order.
    package var keys: [String] {
        members.map(\.key)
    }

    /// The member of that name. Assigning replaces it in its place or adds it at the end; assigning `nil` removes it (a member that *is*
    /// null is `.null`).
    package subscript(key: String) -> JSONValue? {
        get {
            position(of: key).map { members[$0].value }
        }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): append(key, value)
            case (let position?, nil): remove(at: position)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member at the end.
    ///
    /// - Returns: `false`, and nothing is added, when the name is there already.
    package mutating func insert(_ value: JSONValue, for key: String) -> Bool {
        guard position(of: key) == nil else { return false }
        append(key, value)
        return true
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[key] }
        for index in members.indices where members[index].key == key { return index }
        return nil
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        if members.isEmpty { members.reserveCapacity(4) }
        members.append(Member(key: key, value: value))
        if positions != nil {
            positions?[key] = members.count - 1
        } else if members.count > Self.scanLimit {
            indexMembers()
        }
    }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        positions = nil
        if members.count > Self.scanLimit { indexMembers() }
    }

    private mutating func indexMembers() {
        var positions = [String: Int](minimumCapacity: members.count * 2)
        for (index, member) in members.enumerated() { positions[member.key] = index }
        self.positions = positions
    }
}

extension JSONObject: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { members.count }

    /// The member at a place, counted from 0.
    package subscript(position: Int) -> (key: String, value: JSONValue) {
        (members[position].key, members[position].value)
    }
}

extension JSONObject: Equatable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
