import EventContracts
import Testing

@testable import OrderService

struct OrderTests {
    private let usd = Currency.usd

    private func order() -> Order {
        Order(userID: UserID(), price: Money(amount: 100, currency: .usd), items: [], at: .now)
    }

    @Test func `A pending order is confirmed once`() throws {
        var order = order()
        let payment = PaymentID()
        let confirmed = try #require(try order.confirm(paidBy: payment, at: .now))
        #expect(confirmed.paymentID == payment)
        #expect(order.status == .confirmed)
        #expect(order.version == 2)
        #expect(try order.confirm(paidBy: payment, at: .now) == nil)
        #expect(order.version == 2)
    }

    @Test func `A pending order is rejected once, with its reason`() throws {
        var order = order()
        #expect(try order.reject(because: .insufficientFunds, at: .now) != nil)
        #expect(order.status == .rejected)
        #expect(order.reason == .insufficientFunds)
        #expect(try order.reject(because: .insufficientFunds, at: .now) == nil)
    }

    @Test func `What was decided is not decided otherwise`() throws {
        var confirmed = order()
        _ = try confirmed.confirm(paidBy: PaymentID(), at: .now)
        #expect(throws: OrderConflict.self) { try confirmed.reject(because: .insufficientFunds, at: .now) }
        #expect(throws: OrderConflict.self) { try confirmed.confirm(paidBy: PaymentID(), at: .now) }
        var rejected = order()
        _ = try rejected.reject(because: .accountClosed, at: .now)
        #expect(throws: OrderConflict.self) { try rejected.confirm(paidBy: PaymentID(), at: .now) }
    }

    @Test func `Without a price, the items' total is the price`() throws {
        let request = NewOrder(
            userID: UserID(),
            price: nil,
            items: [
                .init(sku: "a", quantity: 2, unitPrice: .init(amount: 150, currency: nil)),
                .init(sku: "b", quantity: 1, unitPrice: .init(amount: 1, currency: nil)),
            ]
        )
        #expect(try request.priced(in: usd).0 == Money(amount: 301, currency: .usd))
    }

    @Test func `A price that is not the total is refused`() {
        let request = NewOrder(
            userID: UserID(),
            price: .init(amount: 300, currency: nil),
            items: [.init(sku: "a", quantity: 2, unitPrice: .init(amount: 151, currency: nil))]
        )
        #expect(throws: NewOrder.PriceConflict.priceIsNotTheTotal(Money(amount: 302, currency: .usd))) { try request.priced(in: usd) }
    }

    @Test func `A total that overflows is refused`() {
        let request = NewOrder(
            userID: UserID(),
            price: nil,
            items: [.init(sku: "a", quantity: 1_000_000, unitPrice: .init(amount: 1_000_000_000_000, currency: nil))]
        )
        #expect(throws: NewOrder.PriceConflict.totalTooLarge) { try request.priced(in: usd) }
    }

    @Test func `Items in several currencies are refused`() {
        let request = NewOrder(
            userID: UserID(),
            price: nil,
            items: [
                .init(sku: "a", quantity: 1, unitPrice: .init(amount: 1, currency: .usd)),
                .init(sku: "b", quantity: 1, unitPrice: .init(amount: 1, currency: Currency(rawValue: "EUR"))),
            ]
        )
        #expect(throws: NewOrder.PriceConflict.mixedCurrencies(item: 1)) { try request.priced(in: usd) }
    }
}
