import JSON

/// An account's entries, oldest first, checked as an auditor would.
struct Statement: Sendable {
    /// What an entry says.
    struct Entry: Sendable, Equatable {
        let kind: String
        let amount: Int64
        let balanceAfter: Int64
        let version: Int64
        let orderID: String?
    }

    let entries: [Entry]

    /// - Parameter newestFirst: As the API lists them.
    init(newestFirst items: [JSONValue]) {
        entries = items.reversed().map { item in
            Entry(
                kind: item["kind"]?.stringValue ?? "",
                amount: item["amount"]?["amount"]?.integerValue ?? .min,
                balanceAfter: item["balance_after"]?["amount"]?.integerValue ?? .min,
                version: item["version"]?.integerValue ?? .min,
                orderID: item["order_id"]?.stringValue
            )
        }
    }

    /// What does not add up, in sentences; nothing for a sound account.
    ///
    /// - Parameter balance: What the account says it has.
    func flaws(balance: Int64) -> [String] {
        var flaws: [String] = []
        var running: Int64 = 0
        for (index, entry) in entries.enumerated() {
            if entry.version != Int64(index) + 1 { flaws.append("entry \(index + 1) has the version \(entry.version)") }
            if (entry.kind == "opened") != (index == 0) { flaws.append("entry \(index + 1) is of the kind \(entry.kind)") }
            switch entry.kind {
            case "deposit", "refund": running += entry.amount
            case "withdrawal", "payment": running -= entry.amount
            default: break
            }
            if entry.balanceAfter != running { flaws.append("entry \(index + 1) leaves \(entry.balanceAfter) instead of \(running)") }
            if entry.balanceAfter < 0 { flaws.append("entry \(index + 1) leaves less than nothing: \(entry.balanceAfter)") }
        }
        if running != balance { flaws.append("the entries make \(running), the balance is \(balance)") }
        let decided = entries.compactMap(\.orderID)
        if Set(decided).count != decided.count { flaws.append("an order was decided twice") }
        return flaws
    }

    /// The orders of the entries of a kind.
    func orders(_ kind: String) -> Set<String> {
        Set(entries.filter { $0.kind == kind }.compactMap(\.orderID))
    }
}

extension System {
    /// All entries of an account.
    func statement(of customer: Customer) async throws -> Statement {
        Statement(newestFirst: try await items(billing, "/accounts/\(customer.id)/entries"))
    }
}
