/// Every event that the services write, and what follows from an event's name alone.
package enum EventCatalogue {
    /// All events, in the order of EVENTS.md.
    package static let all: [any Event.Type] = [
        UserRegistered.self, UserErased.self,
        OrderPlaced.self, OrderConfirmed.self, OrderRejected.self, OrderCancellationRequested.self, OrderCancelled.self,
        AccountOpened.self, MoneyDeposited.self, MoneyWithdrawn.self,
        PaymentCompleted.self, PaymentDeclined.self, PaymentRefunded.self,
        MessageSent.self, MessageFailed.self,
    ]

    /// The upcasters that consumers use. Empty while every event is in its first version.
    package static let upcasters = Upcasters()

    /// The event of that type, or `nil` when there is none.
    package static func event(of type: EventType) -> (any Event.Type)? {
        events[type]
    }

    /// The topic that carries a type: `order.OrderPlaced` travels on `order.order-placed`.
    package static func topic(of type: EventType) -> Topic {
        known[type]?.topic ?? Names(of: type, version: 1).topic
    }

    /// The topics that a service writes, and nobody else.
    ///
    /// - Parameter service: `order`, `billing` or `notification`.
    package static func topics(writtenBy service: String) -> [Topic] {
        all.filter { $0.type.service == service }.map { topic(of: $0.type) }
    }

    private static let events: [EventType: any Event.Type] = Dictionary(uniqueKeysWithValues: all.map { ($0.type, $0) })

    /// Made once, since every event that is written asks.
    private static let known: [EventType: Names] = events.mapValues { Names(of: $0.type, version: $0.version) }
}

extension EventCatalogue {
    /// What follows from an event's type and version.
    struct Names: Sendable {
        let version: Int
        let topic: Topic
        let source: String
        let dataSchema: String

        init(of type: EventType, version: Int) {
            self.version = version
            topic = Topic(rawValue: Self.kebabCase(type.rawValue))
            source = "/" + type.service
            dataSchema = "/schemas/\(type.rawValue)/v\(version).json"
        }

        /// `order.OrderPlaced` as `order.order-placed`: a hyphen before each capital that does not follow a dot.
        private static func kebabCase(_ name: String) -> String {
            var result = ""
            for character in name {
                if character.isUppercase, let last = result.last, last != "." { result.append("-") }
                result.append(contentsOf: character.lowercased())
            }
            return result
        }
    }

    static func names(of type: EventType, version: Int) -> Names {
        if let names = known[type], names.version == version { return names }
        return Names(of: type, version: version)
    }
}
