import EventContracts
import Hummingbird
import ServiceRuntime

/// How much to put in or to take out: `{"amount": Money}`.
struct MoneyRequest {
    let amount: Int64
    let currency: Currency?

    init(_ request: Request, _ context: ServiceRequestContext) throws {
        let money = try context.fields(of: request) { $0.money("amount") }
        amount = money.amount
        currency = money.currency
    }
}

/// Which entries of a statement to list.
struct EntryPage {
    let before: Int64
    let limit: Int

    init(_ request: Request, _ context: ServiceRequestContext) throws {
        (before, limit) = try context.query(of: request) { query in
            (query.cursor(of: "entries").map(\.time.microseconds) ?? .max, query.limit())
        }
    }

    /// An entry's place is its version; the cursor's number carries it.
    static func cursor(after entry: Entry) -> Cursor {
        Cursor(time: Timestamp(microseconds: entry.version), id: entry.id.uuid)
    }
}
