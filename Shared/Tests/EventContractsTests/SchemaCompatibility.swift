import JSON

/// The rule of EVENTS.md, Evolution: adding an optional field keeps the version, anything else is a new version.
///
/// The rule works in both directions, since old consumers read new events and new consumers read old ones. Of two schemas of one version
/// the later may therefore differ only by new properties that are not required, by new definitions, and by annotations.
enum SchemaCompatibility {
    private static let annotations: Set<String> = ["$comment", "default", "deprecated", "description", "examples", "title"]

    /// What in the current schema breaks the promise of the released one; empty when nothing does.
    static func violations(released: JSONValue, current: JSONValue, at pointer: String = "") -> [String] {
        guard let before = released.objectValue, let after = current.objectValue else {
            return released == current ? [] : ["\(pointer) changed"]
        }
        let keywords = before.keys + after.keys.filter { before[$0] == nil }
        return keywords.filter { !annotations.contains($0) }.flatMap { keyword in
            violations(of: keyword, before[keyword], after[keyword], at: pointer + JSONDecodingError.pointer(to: keyword))
        }
    }

    private static func violations(of keyword: String, _ before: JSONValue?, _ after: JSONValue?, at pointer: String) -> [String] {
        switch keyword {
        case "properties", "$defs":
            let new = after?.objectValue ?? [:]
            return (before?.objectValue ?? [:]).flatMap { name, schema in
                let place = pointer + JSONDecodingError.pointer(to: name)
                guard let successor = new[name] else { return ["\(place) was removed"] }
                return violations(released: schema, current: successor, at: place)
            }
        case "required":
            let old = Set((before?.arrayValue ?? []).compactMap(\.stringValue))
            let new = Set((after?.arrayValue ?? []).compactMap(\.stringValue))
            return new.subtracting(old).sorted().map { "\(pointer) now has \($0)" }
                + old.subtracting(new).sorted().map { "\(pointer) lost \($0)" }
        case "items", "additionalProperties", "not":
            guard let before, let after else { return ["\(pointer) changed"] }
            return violations(released: before, current: after, at: pointer)
        default:
            return before == after ? [] : ["\(pointer) changed"]
        }
    }
}
