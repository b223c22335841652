/// The name of a kind of event, `ce_type` on the wire: the service that writes it and what happened, `order.OrderPlaced`.
package struct EventType: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The text itself.
    package let rawValue: String

    /// A type by its name; any text is accepted.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// The service that writes these events: what stands before the first dot.
    package var service: String {
        rawValue.split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
    }

    package var description: String { rawValue }
}

/// The name of a Kafka topic; an event's topic carries that one type of event and has one writer.
package struct Topic: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The text itself.
    package let rawValue: String

    /// A topic by its name; any text is accepted.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// Where a consumer group puts what it could not handle.
    package static func deadLetters(of group: String) -> Topic {
        Topic(rawValue: group + ".dead-letters")
    }

    package var description: String { rawValue }
}

/// What keeps events in order: those with one key are consumed in the order in which they were written. It is always the user.
package struct PartitionKey: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The text itself.
    package let rawValue: String

    /// A key as Kafka carries it.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The key of everything that concerns a user.
    package init(_ user: UserID) {
        self.init(rawValue: user.description)
    }

    package var description: String { rawValue }
}
