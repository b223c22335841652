import Foundation

extension EventCatalogue {
    /// The JSON Schema (2020-12) of an event's payload: the file that `ce_dataschema` names.
    ///
    /// - Parameters:
    ///   - type: the event.
    ///   - version: which version of it; the current one unless given.
    /// - Returns: the file's bytes, or `nil` when there is no such event or version. Read anew on each call.
    package static func schema(for type: EventType, version: Int? = nil) -> [UInt8]? {
        // Only names of the catalogue reach the file system, so that a name from a request cannot lead elsewhere.
        guard let event = event(of: type) else { return nil }
        let version = version ?? event.version
        guard (1...event.version).contains(version) else { return nil }
        let file = Bundle.module.bundleURL.appending(path: "Schemas/\(type.rawValue)/v\(version).json")
        return (try? Data(contentsOf: file)).map { [UInt8]($0) }
    }
}
