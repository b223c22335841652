import EventContracts
import JSON

/// What is wrong with paths, queries and methods.
enum BadTargets {
    static func paths(_ fixture: BadInputFixture) -> [BadRequest] {
        let ids = [
            "1", "-1", "not-a-uuid", "9223372036854775808", "%00", "%2e%2e", "%zz", "%ff", "%0d%0aX-Evil:1", "'%20OR%201=1--", "null", "*",
            fixture.orderID + "x", String(fixture.orderID.dropLast()), String(repeating: "a", count: 6_000),
        ]
        let places = [
            ("order", "/orders/", ""), ("order", "/users/", ""), ("billing", "/accounts/", ""), ("billing", "/accounts/", "/entries"),
            ("notification", "/messages/", ""),
        ]
        let bad = places.flatMap { service, before, after in
            ids.map { BadRequest("a bad id", service, .get(before + $0 + after), .validation) }
        }
        let unknown = "\(UserID())"
        let absent: [BadRequest] = [
            BadRequest("nobody", "order", .get("/users/\(unknown)"), .notFound),
            BadRequest("nothing", "order", .get("/orders/\(unknown)"), .notFound),
            BadRequest("nothing to wait for", "order", .get("/orders/\(unknown)", ["Prefer": "wait=30"]), .notFound),
            BadRequest("nothing to follow", "order", .get("/orders/\(unknown)", ["Accept": "text/event-stream"]), .notFound),
            BadRequest("nothing", "notification", .get("/messages/\(unknown)"), .notFound),
            BadRequest("nobody", "billing", .get("/accounts/\(unknown)"), .accountNotFound),
            BadRequest("nobody", "billing", .get("/accounts/\(unknown)/entries"), .accountNotFound),
            BadRequest("nobody", "billing", .post("/accounts/\(unknown)/deposits", ["amount": usd(1)]), .accountNotFound),
            BadRequest("nobody", "billing", .post("/accounts/\(unknown)/withdrawals", ["amount": usd(1)]), .accountNotFound),
            BadRequest("a bad id", "billing", .post("/accounts/x/deposits", ["amount": usd(1)]), .validation),
            BadRequest("a bad id", "billing", .post("/accounts/x/withdrawals", ["amount": usd(1)]), .validation),
            BadRequest(
                "more than there is",
                "billing",
                .post("/accounts/\(fixture.customer.id)/withdrawals", ["amount": usd(1_000_000)]),
                .insufficientFunds
            ),
        ]
        let nowhere = [
            "/", "/nothing", "/orders/\(fixture.orderID)/nothing", "/../etc/passwd", "/%2e%2e/%2e%2e", "/Orders", "/metrics/x", "/;",
            "/%00",
        ]
        return bad + absent
            + ["order", "billing", "notification"].flatMap { service in
                nowhere.map { BadRequest("no such path", service, .get($0), .notFound) }
            }
    }

    static func queries(_ fixture: BadInputFixture) -> [BadRequest] {
        let entries = "/accounts/\(fixture.customer.id)/entries"
        let lists = [
            ("order", "/orders", fixture.orderCursor, fixture.messageCursor),
            ("notification", "/messages", fixture.messageCursor, fixture.entryCursor),
            ("billing", entries, fixture.entryCursor, fixture.orderCursor),
        ]
        let limits = [
            "0", "-1", "201", "abc", "1.5", "1e2", "+5", "0x10", "9223372036854775808", "-9223372036854775809", "%20", "1%00", "%D9%A1",
        ]
        let garbage = ["%", "%z", "%zz", "limit=%", "limit=%ff", "cursor=%00", "cursor=%0d%0a", "limit=1&limit=1", "limit=1&limit=2"]
        let pages = lists.flatMap { service, path, cursor, foreign in
            let cursors = [
                "abc", String(repeating: "A", count: 39), String(repeating: "A", count: 5_000), tampered(cursor), String(cursor.dropLast()),
                cursor + "A",
                cursor + "=", foreign, "-1", "'",
            ]
            return
                (limits.map { "limit=\($0)" } + cursors.map { "cursor=\($0)" } + garbage + ["cursor=\(cursor)&cursor=\(cursor)"])
                .map { BadRequest("a bad query", service, .get("\(path)?\($0)"), .validation) }
        }
        let ids = ["1", "not-a-uuid", "null", "%00", "\(fixture.customer.id)x", "\(fixture.customer.id),\(fixture.customer.id)"]
        let filters =
            ids.map { ("order", "/orders?user_id=\($0)") } + ids.map { ("notification", "/messages?user_id=\($0)") }
            + ids.map { ("notification", "/messages?order_id=\($0)") }
            + ["unknown", "CONFIRMED", "pending,confirmed", "1", "%27", "pending%00"].map { ("order", "/orders?status=\($0)") }
            + ["unknown", "SENT", "delivered", "1"].map { ("notification", "/messages?status=\($0)") }
            + ["unknown", "HAPPY", "happy%20", "0"].map { ("notification", "/messages?kind=\($0)") }
            + [
                ("order", "/orders?status=pending&status=pending"), ("notification", "/messages?kind=happy&kind=sad"),
                ("order", "/orders?user_id=\(fixture.customer.id)&user_id=\(fixture.customer.id)"),
            ]
        return pages + filters.map { BadRequest("a bad filter", $0.0, .get($0.1), .validation) }
    }

    static func methods(_ fixture: BadInputFixture) -> [BadRequest] {
        let (user, order, message) = (fixture.customer.id, fixture.orderID, fixture.messageID)
        let wrong: [(String, String, [String])] = [
            ("order", "/users", ["GET", "PUT", "DELETE", "PATCH"]), ("order", "/users/\(user)", ["POST", "PUT", "DELETE", "PATCH"]),
            ("order", "/orders", ["PUT", "DELETE", "PATCH", "OPTIONS"]), ("order", "/orders/\(order)", ["POST", "PUT", "DELETE", "PATCH"]),
            ("billing", "/accounts/\(user)", ["POST", "PUT", "DELETE"]),
            ("billing", "/accounts/\(user)/deposits", ["GET", "PUT", "DELETE"]),
            ("billing", "/accounts/\(user)/withdrawals", ["GET", "PUT"]), ("billing", "/accounts/\(user)/entries", ["POST", "DELETE"]),
            ("notification", "/messages", ["PUT", "DELETE", "PATCH"]), ("notification", "/messages/\(message)", ["POST", "PUT", "DELETE"]),
            ("order", "/metrics", ["POST"]), ("billing", "/livez", ["DELETE"]), ("notification", "/readyz", ["PUT"]),
            ("order", "/orders", ["TRACE", "PROPFIND"]),
        ]
        return wrong.flatMap { service, path, methods in
            methods.map { BadRequest("a wrong method", service, HTTPRequest($0, path), .methodNotAllowed) }
        }
    }

    /// The cursor with one character changed.
    private static func tampered(_ cursor: String) -> String {
        let middle = cursor.index(cursor.startIndex, offsetBy: cursor.count / 2)
        return cursor.replacingCharacters(in: middle...middle, with: cursor[middle] == "A" ? "B" : "A")
    }
}

extension String {
    fileprivate func replacingCharacters(in range: ClosedRange<Index>, with text: String) -> String {
        var copy = self
        copy.replaceSubrange(range, with: text)
        return copy
    }
}
