import EventContracts
import Testing

@Suite("The catalogue of events")
struct CatalogueTests {
    /// The table of EVENTS.md: topic, type, writer.
    private static let table: [(String, EventType, String)] = [
        ("order.user-registered", "order.UserRegistered", "order"), ("order.user-erased", "order.UserErased", "order"),
        ("order.order-placed", "order.OrderPlaced", "order"), ("order.order-confirmed", "order.OrderConfirmed", "order"),
        ("order.order-rejected", "order.OrderRejected", "order"),
        ("order.order-cancellation-requested", "order.OrderCancellationRequested", "order"),
        ("order.order-cancelled", "order.OrderCancelled", "order"), ("billing.account-opened", "billing.AccountOpened", "billing"),
        ("billing.money-deposited", "billing.MoneyDeposited", "billing"), ("billing.money-withdrawn", "billing.MoneyWithdrawn", "billing"),
        ("billing.payment-completed", "billing.PaymentCompleted", "billing"),
        ("billing.payment-declined", "billing.PaymentDeclined", "billing"),
        ("billing.payment-refunded", "billing.PaymentRefunded", "billing"),
        ("notification.message-sent", "notification.MessageSent", "notification"),
        ("notification.message-failed", "notification.MessageFailed", "notification"),
    ]

    @Test("Each event has its topic and its writer", arguments: table)
    func namesTopics(topic: String, type: EventType, writer: String) throws {
        let event = try #require(EventCatalogue.event(of: type))
        #expect(event.type == type)
        #expect(event.topic.rawValue == topic)
        #expect(EventCatalogue.topic(of: type).rawValue == topic)
        #expect(event.source == "/\(writer)")
        #expect(event.type.service == writer)
        #expect(event.dataSchema == "/schemas/\(type)/v\(event.version).json")
        #expect(EventCatalogue.topics(writtenBy: writer).map(\.rawValue).contains(topic))
    }

    @Test("The catalogue has these events, each once, and each topic one writer")
    func isComplete() {
        #expect(EventCatalogue.all.map { $0.type } == Self.table.map(\.1))
        let topics = ["order", "billing", "notification"].flatMap(EventCatalogue.topics(writtenBy:))
        #expect(topics.map(\.rawValue) == Self.table.map(\.0))
        #expect(Set(topics).count == topics.count)
        #expect(EventCatalogue.topics(writtenBy: "nobody") == [])
        #expect(EventCatalogue.event(of: "order.Nothing") == nil)
    }

    @Test("Every event's key is its user, so that one account's events stay in order")
    func keysByUser() {
        for event in EventSamples.all { #expect(event.key == PartitionKey(EventSamples.user), "\(event)") }
    }

    @Test("Every event about an order tells the order's story")
    func correlatesByOrder() {
        for event in EventSamples.all {
            let aboutUser = ["UserRegistered", "UserErased", "AccountOpened", "MoneyDeposited", "MoneyWithdrawn"]
            let isAboutUser = aboutUser.contains { type(of: event).type.rawValue.hasSuffix($0) }
            #expect(event.correlation == (isAboutUser ? EventSamples.user.description : EventSamples.order.description), "\(event)")
        }
    }

    @Test("A name that is no type gives no service and its own topic")
    func toleratesOddNames() {
        #expect(EventType(rawValue: "").service == "")
        #expect(EventCatalogue.topic(of: "x") == "x")
        #expect(Topic.deadLetters(of: "billing") == "billing.dead-letters")
    }
}
