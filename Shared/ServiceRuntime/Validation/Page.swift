package import JSON

/// One page of a list, newest first: `{"items": […], "next_cursor": …}`.
package struct Page<Item: JSONEncodable & Sendable>: Sendable, JSONEncodable {
    /// At most as many as the client asked for.
    package let items: [Item]
    /// Where the next page starts; `nil` on the last one.
    package let nextCursor: String?

    package init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// Cuts a page out of what a query with `LIMIT limit + 1` found: the extra item only says that there is more.
    package init(found: [Item], limit: Int, list: StaticString, cursor: (Item) -> Cursor) {
        items = Array(found.prefix(limit))
        nextCursor = found.count > limit ? items.last.map { cursor($0).encoded(list: list) } : nil
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { page in
            page.field("items", items)
            page.field("next_cursor", nextCursor)
        }
    }
}
