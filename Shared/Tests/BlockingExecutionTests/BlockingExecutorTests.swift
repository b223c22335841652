import BlockingExecution
import Synchronization
import Testing

struct BlockingExecutorTests {
    private actor Counter {
        private let executor: BlockingExecutor
        private(set) var values: [Int] = []

        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

        init(_ executor: BlockingExecutor) {
            self.executor = executor
        }

        func append(_ value: Int) { values.append(value) }

        func block(until released: BlockingFlag) { released.waitBlocking() }
    }

    /// A flag that a thread can block on.
    private final class BlockingFlag: Sendable {
        private let lock = Mutex(false)

        func set() { lock.withLock { $0 = true } }

        func waitBlocking() {
            while !lock.withLock({ $0 }) { continue }
        }
    }

    @Test func `Jobs of one task run in their order`() async {
        let executor = BlockingExecutor()
        let counter = Counter(executor)
        for value in 0..<1000 { await counter.append(value) }
        #expect(await counter.values == Array(0..<1000))
        executor.shutdown()
    }

    @Test func `An actor that blocks holds up nobody else`() async {
        let (first, second) = (BlockingExecutor(), BlockingExecutor())
        let (blocking, other) = (Counter(first), Counter(second))
        let flag = BlockingFlag()
        async let blocked: Void = blocking.block(until: flag)
        await other.append(1)
        #expect(await other.values == [1])
        flag.set()
        await blocked
        first.shutdown()
        second.shutdown()
    }

    @Test func `Jobs that were queued before the shutdown still run`() async {
        let executor = BlockingExecutor()
        let counter = Counter(executor)
        await withTaskGroup(of: Void.self) { group in
            for value in 0..<100 { group.addTask { await counter.append(value) } }
        }
        #expect(await Set(counter.values) == Set(0..<100))
        executor.shutdown()
        executor.shutdown()
    }
}
