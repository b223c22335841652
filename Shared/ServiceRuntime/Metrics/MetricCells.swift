import Metrics
import Synchronization

/// A number that only grows.
final class CounterCell: CounterHandler, FloatingPointCounterHandler, Sendable {
    private let total = Mutex<Double>(0)

    var value: Double { total.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    /// Ignores what would make the counter go back, or not a number.
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        total.withLock { $0 += amount }
    }

    func reset() { total.withLock { $0 = 0 } }
}

/// A number that goes up and down.
final class GaugeCell: MeterHandler, RecorderHandler, Sendable {
    private let current = Mutex<Double>(0)

    var value: Double { current.withLock { $0 } }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// A distribution over fixed buckets.
final class HistogramCell: TimerHandler, RecorderHandler, Sendable {
    /// The counts of each bucket, the last one for what is above all bounds.
    struct State {
        var counts: [Int]
        var sum = 0.0
    }

    /// Upper bounds, included, in rising order.
    let bounds: [Double]
    private let state: Mutex<State>

    /// From a millisecond to half a minute, in seconds.
    static let secondBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// For sizes and counts.
    static let sizeBounds: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000]

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    var snapshot: State { state.withLock { $0 } }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    /// Ignores what is not a number.
    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }
}
