import Postgres
import ServiceTesting

extension System {
    /// Returns when nothing is under way any more: every order is final, every account open, every mail sent, every event published.
    func settle(within limit: Duration = .seconds(60)) async throws {
        try await eventually(within: limit, "everything has come to rest") {
            guard try await count(order, "orders WHERE status = 'pending'") == 0 else { return false }
            guard try await count(notification, "messages WHERE status = 'queued'") == 0 else { return false }
            let users = try await count(order, "users")
            guard try await count(billing, "accounts") == users, try await count(notification, "recipients") == users else { return false }
            let verdicts = try await count(order, "orders")
            guard try await count(notification, "messages WHERE kind IN ('happy', 'sad')") == verdicts else { return false }
            for service in services {
                let relayed = "messaging.relay WHERE position >= (SELECT coalesce(max(id), 0) FROM messaging.events)"
                guard try await count(service, relayed) == 1 else { return false }
            }
            return true
        }
    }

    /// How many rows there are.
    ///
    /// - Parameter source: What stands after `FROM`.
    func count(_ service: ServiceUnderTest, _ source: String) async throws -> Int64 {
        try await service.database.pool.query(SQL(unescaped: "SELECT count(*) FROM \(source)")).decode(Int64.self)[0]
    }

    /// How many rows each table of each service has.
    func rowCounts() async throws -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for service in services {
            for (table, rows) in try await service.database.rowCounts() { counts["\(service.name): \(table)"] = rows }
        }
        return counts
    }
}
