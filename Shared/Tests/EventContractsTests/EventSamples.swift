import EventContracts

/// One event of every type, always the same, as its golden file has it.
enum EventSamples {
    static let all: [any Event] = [
        UserRegistered(userID: user, email: "ada@example.org", name: "Ada \"Countess\" Lovelace é", currency: .usd),
        UserErased(userID: user),
        OrderPlaced(orderID: order, userID: user, items: items, total: price),
        OrderConfirmed(orderID: order, userID: user, total: price, paymentID: payment),
        OrderRejected(orderID: order, userID: user, total: price, reason: .insufficientFunds),
        OrderCancellationRequested(orderID: order, userID: user),
        OrderCancelled(orderID: order, userID: user, refunded: price),
        AccountOpened(userID: user, currency: .usd),
        MoneyDeposited(userID: user, entryID: entry, amount: usd(50_000), balanceAfter: usd(50_000)),
        MoneyWithdrawn(userID: user, entryID: entry, amount: usd(1), balanceAfter: usd(49_999)),
        PaymentCompleted(paymentID: payment, orderID: order, userID: user, amount: price, balanceAfter: usd(30_000)),
        PaymentDeclined(orderID: order, userID: user, amount: price, balance: usd(19_998), reason: .insufficientFunds),
        PaymentRefunded(paymentID: payment, orderID: order, userID: user, amount: price, balanceAfter: usd(49_999)),
        MessageSent(messageID: message, orderID: order, userID: user, kind: .happy),
        MessageFailed(messageID: message, orderID: order, userID: user, kind: .sad),
    ]

    static let metadata = EventMetadata(
        id: id("0193bb2f-6d00-7a01-8000-0000000000e1"),
        time: Timestamp(microseconds: 1_795_255_823_123_000),
        causation: "0193bb2f-6cff-7a01-8000-0000000000e0",
        correlation: order.description,
        trace: TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    )

    static func encoded(_ event: some Event) -> EncodedEvent {
        EncodedEvent(event, causedBy: metadata.causation, trace: metadata.trace, id: metadata.id, time: metadata.time)
    }

    static let user: UserID = id("0193bb2f-6c00-7a01-8000-000000000001")
    static let order: OrderID = id("0193bb2f-6d00-7a01-8000-000000000002")
    static let payment: PaymentID = id("0193bb2f-6d00-7a01-8000-000000000003")
    static let entry: EntryID = id("0193bb2f-6d00-7a01-8000-000000000004")
    static let message: MessageID = id("0193bb2f-6d00-7a01-8000-000000000005")
    static let price = usd(19_999)
    static let items = [
        LineItem(sku: "tea-1", quantity: 2, unitPrice: usd(9_000)), LineItem(sku: "cup", quantity: 1, unitPrice: usd(1_999)),
    ]

    static func usd(_ amount: Int64) -> Money { Money(amount: amount, currency: .usd) }

    private static func id<ID: TypedID>(_ text: String) -> ID {
        guard let id = ID(text) else { preconditionFailure("\(text) is no UUID") }
        return id
    }
}

extension ReceivedEvent {
    /// What a consumer gets when an event has gone through Kafka.
    init(_ event: EncodedEvent, headers: [EventHeader]? = nil) throws(EventDecodingError) {
        try self.init(
            topic: event.topic.rawValue,
            key: Array(event.key.rawValue.utf8),
            value: event.payload,
            headers: headers ?? event.headers
        )
    }
}
