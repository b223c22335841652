import EventContracts
import JSON
package import Logging

/// Writes each log entry as one line of JSON: `time`, `level`, `service`, `logger`, `message`, then the metadata, flat.
///
/// `time` is RFC 3339 in UTC with milliseconds. Control characters are escaped, so nothing that a client sends can forge a line. A line is
/// handed over whole, and texts of more than 8 KiB are cut, so that no entry is without bound.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let service: String
    private let label: String
    private let output: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - service: The service's name, in every line.
    ///   - output: Takes one line at a time, its newline included. The default writes to standard output.
    package init(
        service: String,
        label: String,
        level: Logger.Level,
        metadataProvider: Logger.MetadataProvider? = RequestScope.metadataProvider,
        output: @escaping @Sendable ([UInt8]) -> Void = { StandardStream.output.write($0) }
    ) {
        self.service = service
        self.label = label
        logLevel = level
        self.metadataProvider = metadataProvider
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var writer = JSONWriter(reserving: 384)
        writer.object { line in
            line.field("time", Timestamp.now.description)
            line.field("level", event.level.rawValue)
            line.field("service", service)
            line.field("logger", label)
            line.field("message", LogValue.shortened(event.message.description))
            for (key, value) in merged(event) { line.field(Self.reserved.contains(key) ? key + "_" : key, LogValue(value)) }
            if let error = event.error { line.field("error", LogValue.shortened(String(reflecting: error))) }
        }
        output(writer.bytes + [UInt8(ascii: "\n")])
    }

    private static let reserved: Set<String> = ["time", "level", "service", "logger", "message"]

    /// The handler's metadata, the provider's and the entry's, the later ones winning; sorted, so that lines of a kind look alike.
    private func merged(_ event: LogEvent) -> [(key: String, value: Logger.MetadataValue)] {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if event.error != nil { all["error"] = nil }
        return all.sorted { $0.key < $1.key }
    }
}

/// A metadata value as JSON: numbers and booleans as such, everything else as text.
private struct LogValue: JSONEncodable {
    private let value: Logger.MetadataValue

    init(_ value: Logger.MetadataValue) { self.value = value }

    func write(to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.string(Self.shortened(text))
        case .stringConvertible(let number as Int): writer.integer(Int64(number))
        case .stringConvertible(let number as Int64): writer.integer(number)
        case .stringConvertible(let flag as Bool): writer.bool(flag)
        case .stringConvertible(let number as Double) where number.isFinite: writer.number(number)
        case .stringConvertible(let other): writer.string(Self.shortened(other.description))
        case .array(let elements): writer.array { array in for element in elements { array.element(LogValue(element)) } }
        case .dictionary(let members):
            writer.object { object in
                for (key, member) in members.sorted(by: { $0.key < $1.key }) { object.field(key, LogValue(member)) }
            }
        }
    }

    static func shortened(_ text: String) -> String {
        text.utf8.count <= 8192 ? text : String(text.prefix(4096)) + "…"
    }
}
