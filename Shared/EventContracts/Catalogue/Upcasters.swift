package import JSON

/// Brings the payload of one version of an event to the next one, before a handler sees it: renames, splits, supplies what was not there.
///
/// It must be a pure function, and it is kept for as long as a record of the old version can come: as long as topics, dead letters and
/// event stores keep it.
///
/// - Throws: `JSONDecodingError` when the payload is not what the old version promised.
package typealias Upcaster = @Sendable (JSONObject) throws(JSONDecodingError) -> JSONObject

/// The upcasters of all events, by type and by the version from which each leads to the next.
package struct Upcasters: Sendable {
    private struct Step: Hashable {
        let type: EventType
        let version: Int
    }

    private var steps: [Step: Upcaster] = [:]

    /// No upcasters: every event is still in its first version.
    package init() {}

    /// Registers the way from `version` of a type to `version + 1`.
    ///
    /// - Precondition: there is none yet.
    package mutating func add(_ type: EventType, from version: Int, _ upcaster: @escaping Upcaster) {
        let replaced = steps.updateValue(upcaster, forKey: Step(type: type, version: version))
        precondition(replaced == nil, "two upcasters lead from one version of one event")
    }

    /// The payload in the version `current`, by as many steps as it takes.
    ///
    /// - Throws: `EventDecodingError` when the payload is newer than `current`, when a step is missing, or when one refuses the payload.
    package func bring(
        _ payload: JSONValue,
        of type: EventType,
        from version: Int,
        to current: Int
    ) throws(EventDecodingError) -> JSONValue {
        if version == current { return payload }
        guard version < current else {
            throw EventDecodingError(.unsupportedVersion, "version \(version) is newer than \(current), the latest known here")
        }
        var payload = payload
        for step in version..<current {
            guard let upcaster = steps[Step(type: type, version: step)] else {
                throw EventDecodingError(.unsupportedVersion, "no upcaster leads on from version \(step)")
            }
            do throws(JSONDecodingError) {
                payload = .object(try upcaster(try JSONObject(json: payload)))
            } catch {
                throw EventDecodingError(error)
            }
        }
        return payload
    }
}
