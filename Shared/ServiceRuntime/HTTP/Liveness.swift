import JSON

/// What `/livez` answers.
struct Liveness: JSONEncodable {
    func write(to writer: inout JSONWriter) {
        writer.object { $0.field("status", "alive") }
    }
}
