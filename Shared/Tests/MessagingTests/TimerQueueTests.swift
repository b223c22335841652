import Messaging
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TimerQueueTests {
    @Test func `Timers fire in the order of their instants, none too early`() async {
        let queue = TimerQueue()
        let now = ContinuousClock.now
        let fired = Mutex<[(Int, ContinuousClock.Instant)]>([])
        let isDone = Signal()
        for milliseconds in [40, 10, 30, 20] {
            _ = queue.set(now + .milliseconds(milliseconds)) {
                let count = fired.withLock { fired in
                    fired.append((milliseconds, .now))
                    return fired.count
                }
                if count == 4 { isDone.notify() }
            }
        }
        await isDone.wait()
        let result = fired.withLock { $0 }
        #expect(result.map(\.0) == [10, 20, 30, 40])
        for (milliseconds, instant) in result { #expect(instant >= now + .milliseconds(milliseconds)) }
        #expect(queue.count == 0)
    }

    @Test func `A cancelled timer does not fire, and its neighbours do`() async {
        let queue = TimerQueue()
        let now = ContinuousClock.now
        let fired = Mutex<Set<Int>>([])
        let isDone = Signal()
        let timers = (0..<1000).map { number in
            queue.set(now + .milliseconds(20)) { fired.withLock { _ = $0.insert(number) } }
        }
        for (number, timer) in timers.enumerated() where !number.isMultiple(of: 7) { queue.cancel(timer) }
        #expect(queue.count == 143)
        _ = queue.set(now + .milliseconds(21)) { isDone.notify() }
        await isDone.wait()
        #expect(fired.withLock { $0 } == Set(stride(from: 0, to: 1000, by: 7)))
        queue.cancel(timers[0])
    }

    @Test func `A timer that is set while a later one is awaited fires in time`() async {
        let queue = TimerQueue()
        let isDone = Signal()
        let later = queue.set(.now + .seconds(600)) { Issue.record("not yet") }
        _ = queue.set(.now + .milliseconds(10)) { isDone.notify() }
        await isDone.wait()
        _ = queue.set(.now + .milliseconds(10)) { isDone.notify() }
        await isDone.wait()
        #expect(queue.count == 1)
        queue.cancel(later)
    }
}
