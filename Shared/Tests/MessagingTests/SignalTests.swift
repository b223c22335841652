import Messaging
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SignalTests {
    @Test func `Any number of notifications before a wait end one wait`() async {
        let signal = Signal()
        for _ in 0..<3 { signal.notify() }
        await signal.wait()
        let start = ContinuousClock.now
        await signal.wait(for: .milliseconds(30))
        #expect(start.duration(to: .now) >= .milliseconds(30))
    }

    @Test func `A wait without time returns at once, and takes what was notified`() async {
        let signal = Signal()
        signal.notify()
        await signal.wait(for: .zero)
        let start = ContinuousClock.now
        await signal.wait(for: .milliseconds(30))
        #expect(start.duration(to: .now) >= .milliseconds(30))
    }

    @Test func `Cancellation ends a wait, begun or not`() async {
        for isBegun in [false, true] {
            let signal = Signal()
            let task = Task {
                await signal.wait()
                await signal.wait(for: .seconds(600))
            }
            if isBegun { await Task.yield() }
            task.cancel()
            await task.value
        }
    }

    /// A producer and a waiter race: every notification must lead to a look after it.
    @Test(arguments: [true, false])
    func `No notification is lost`(hasTimeout: Bool) async {
        let signal = Signal()
        let written = Tally()
        let last = 20_000
        let reader = Task {
            var seen = 0
            while seen < last {
                if hasTimeout { await signal.wait(for: .seconds(600)) } else { await signal.wait() }
                seen = written.value
            }
        }
        for _ in 0..<last {
            written.add()
            signal.notify()
        }
        await reader.value
    }
}
