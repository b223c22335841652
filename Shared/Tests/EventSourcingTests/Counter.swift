import EventContracts
import EventSourcing
import JSON

/// The smallest thing that is the sum of its facts.
struct Counter: EventSourced, Equatable {
    private(set) var total: Int64 = 0
    private(set) var version: Int64 = 0

    mutating func apply(_ recorded: Recorded<CounterFact>) {
        version = recorded.version
        switch recorded.fact {
        case .counted(let amount): total += amount
        case .cleared: total = 0
        }
    }
}

/// In its first form an amount was called `n`.
enum CounterFact: StoredFact, Equatable {
    case counted(Int64)
    case cleared

    static let schemaVersion = 2

    var kind: String {
        switch self {
        case .counted: "counted"
        case .cleared: "cleared"
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { fields in
            if case .counted(let amount) = self { fields.field("amount", amount) }
        }
    }

    init(kind: String, schemaVersion: Int, json: JSONValue) throws(JSONDecodingError) {
        let fields = try JSONFields(json)
        switch (kind, schemaVersion) {
        case ("counted", 1): self = .counted(try fields.required("n"))
        case ("counted", 2): self = .counted(try fields.required("amount"))
        case ("cleared", 1...2): self = .cleared
        default: throw JSONDecodingError("is of an unknown kind or version")
        }
    }
}
