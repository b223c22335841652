import Testing

@testable import Kafka

@Suite("Producer state machine")
struct ProducerStateTests {
    private typealias State = ProducerState<String>

    private static let fatal = KafkaError(.fatal, isFatal: true)

    @Test("A send is produced at once and resumed with its reports in order when the last one came in")
    func reportsInOrder() throws {
        var state = State(capacity: 10, maximumQueued: 2)
        #expect(state.submit(id: 1, records: records(3), waiter: "a").summary == "produce 1 x3")
        #expect(state.report([(1, 2, .success(partition: 0, offset: 7))]).summary == [])
        #expect(state.report([(1, 0, .success(partition: 0, offset: 5))]).summary == [])
        let actions = state.report([(1, 1, .success(partition: 0, offset: 6))])
        #expect(actions.summary == ["resume a: 0@5 0@6 0@7"])
        #expect(state.isIdle)
    }

    @Test("A report that comes twice, or for nobody, changes nothing")
    func strayReports() {
        var state = State(capacity: 10, maximumQueued: 2)
        _ = state.submit(id: 1, records: records(2), waiter: "a")
        #expect(state.report([(1, 0, .success(partition: 0, offset: 1)), (1, 0, .success(partition: 0, offset: 9))]).summary == [])
        #expect(state.report([(2, 0, .success(partition: 0, offset: 1)), (1, 5, .success(partition: 0, offset: 1))]).summary == [])
        #expect(state.inFlight == 1)
        #expect(state.report([(1, 1, .success(partition: 0, offset: 2))]).summary == ["resume a: 0@1 0@2"])
    }

    @Test("A send beyond the capacity waits, and nobody overtakes it")
    func backPressure() {
        var state = State(capacity: 4, maximumQueued: 2)
        #expect(state.submit(id: 1, records: records(3), waiter: "a").summary == "produce 1 x3")
        #expect(state.submit(id: 2, records: records(2), waiter: "b").summary == nil)
        #expect(state.submit(id: 3, records: records(1), waiter: "c").summary == nil)
        #expect(state.submit(id: 4, records: records(1), waiter: "d").summary == "resume d: _QUEUE_FULL")
        #expect(state.report([(1, 0, .success(partition: 0, offset: 0))]).summary == ["produce 2 x2"])
        #expect(state.inFlight == 4)
        let rest = state.report([(1, 1, .success(partition: 0, offset: 1)), (1, 2, .success(partition: 0, offset: 2))])
        #expect(rest.summary == ["resume a: 0@0 0@1 0@2", "produce 3 x1"])
    }

    @Test("A send that is larger than the capacity goes alone")
    func largerThanCapacity() {
        var state = State(capacity: 2, maximumQueued: 2)
        #expect(state.submit(id: 1, records: records(5), waiter: "a").summary == "produce 1 x5")
        #expect(state.submit(id: 2, records: records(1), waiter: "b").summary == nil)
    }

    @Test("A cancelled send ends at once, and its records stay under way")
    func cancelInFlight() {
        var state = State(capacity: 10, maximumQueued: 2)
        _ = state.submit(id: 1, records: records(1), waiter: "a")
        #expect(state.abandon(1).summary == ["resume a: CancellationError"])
        #expect(state.abandon(1).summary == [])
        #expect(state.inFlight == 1)
        #expect(state.report([(1, 0, .success(partition: 0, offset: 0))]).summary == [])
        #expect(state.isIdle)
    }

    @Test("A cancelled send that waited for room is never produced")
    func cancelQueued() {
        var state = State(capacity: 2, maximumQueued: 2)
        _ = state.submit(id: 1, records: records(2), waiter: "a")
        _ = state.submit(id: 2, records: records(2), waiter: "b")
        #expect(state.abandon(2).summary == ["resume b: CancellationError"])
        let actions = state.report([(1, 0, .success(partition: 0, offset: 0)), (1, 1, .success(partition: 0, offset: 1))])
        #expect(actions.summary == ["resume a: 0@0 0@1"])
    }

    @Test("A fatal error purges what is under way, refuses what waits, and makes every later failure fatal")
    func fatalError() {
        var state = State(capacity: 1, maximumQueued: 2)
        _ = state.submit(id: 1, records: records(1), waiter: "a")
        _ = state.submit(id: 2, records: records(1), waiter: "b")
        #expect(state.fail(Self.fatal).summary == ["purge", "resume b: _FATAL!"])
        #expect(state.fail(Self.fatal).summary == [])
        #expect(state.submit(id: 3, records: records(1), waiter: "c").summary == "resume c: _FATAL!")
        #expect(state.report([(1, 0, .failure(KafkaError(.purgedInFlight)))]).summary == ["resume a: _PURGE_INFLIGHT!"])
        #expect(state.fatalError == Self.fatal)
    }

    @Test("After a close nothing is taken, and what is under way is still heard")
    func closed() {
        var state = State(capacity: 1, maximumQueued: 2)
        _ = state.submit(id: 1, records: records(1), waiter: "a")
        _ = state.submit(id: 2, records: records(1), waiter: "b")
        #expect(state.close().summary == ["resume b: _DESTROY"])
        #expect(state.close().summary == [])
        #expect(state.fail(Self.fatal).summary == ["purge"])
        #expect(state.submit(id: 3, records: records(1), waiter: "c").summary == "resume c: _DESTROY")
        #expect(state.report([(1, 0, .success(partition: 3, offset: 4))]).summary == ["resume a: 3@4"])
    }

    @Test("Whoever waits for the end is told when nothing is under way, or when they give up")
    func drain() {
        var state = State(capacity: 1, maximumQueued: 2)
        #expect(state.drain(100).summary == ["drained 100 true"])
        _ = state.submit(id: 1, records: records(1), waiter: "a")
        #expect(state.drain(101).summary == [])
        #expect(state.drain(102).summary == [])
        #expect(state.abandonDrain(102).summary == ["drained 102 false"])
        #expect(state.abandonDrain(102).summary == [])
        #expect(state.report([(1, 0, .success(partition: 0, offset: 0))]).summary == ["resume a: 0@0", "drained 101 true"])
    }

    private func records(_ count: Int) -> [KafkaRecord] {
        (0..<count).map { KafkaRecord(topic: "t", key: nil, value: [UInt8($0)]) }
    }
}

extension ProducerState<String>.Action {
    fileprivate var summary: String {
        switch self {
        case .produce(let id, let records): "produce \(id) x\(records.count)"
        case .resume(let waiter, .success(let reports)): "resume \(waiter): " + reports.map(\.summary).joined(separator: " ")
        case .resume(let waiter, .failure(let error as KafkaError)): "resume \(waiter): \(error.summary)"
        case .resume(let waiter, .failure(let error)): "resume \(waiter): \(type(of: error))"
        case .drained(let id, let came): "drained \(id) \(came)"
        case .purge: "purge"
        }
    }
}

extension [ProducerState<String>.Action] {
    fileprivate var summary: [String] { map(\.summary) }
}

extension ProducerState<String>.Action? {
    fileprivate var summary: String? { map(\.summary) }
}

extension DeliveryReport {
    fileprivate var summary: String {
        switch self {
        case .success(let partition, let offset): "\(partition)@\(offset)"
        case .failure(let error): error.summary
        }
    }
}

extension KafkaError {
    fileprivate var summary: String { "\(code.name)\(isFatal ? "!" : "")" }
}
