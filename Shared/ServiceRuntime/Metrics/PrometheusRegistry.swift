package import Metrics
import Synchronization

/// Keeps the process's metrics and renders them for Prometheus: the backend of swift-metrics in every service.
///
/// Counters stay counters; meters and recorders that do not aggregate become gauges; timers become histograms in seconds with fixed buckets,
/// and recorders that aggregate become histograms of sizes. Characters that Prometheus does not allow in names become `_`.
///
/// Bounded: beyond ``maximumSeries`` label sets new ones are counted in `metrics_dropped_series_total` and otherwise go nowhere. So does a
/// name that is used for two kinds of metric.
package final class PrometheusRegistry: MetricsFactory, Sendable {
    /// How many label sets are kept, over all names.
    package static let maximumSeries = 10_000

    enum Cell {
        case counter(CounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)

        var kind: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }

        var handler: AnyObject {
            switch self {
            case .counter(let cell): cell
            case .gauge(let cell): cell
            case .histogram(let cell): cell
            }
        }
    }

    struct Family {
        let kind: String
        /// By the rendered labels.
        var series: [String: Cell] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var descriptions: [String: String] = MetricNames.descriptions
        var seriesCount = 0
        var dropped = 0.0
    }

    private let state = Mutex(State())

    package init() {}

    /// Gives a metric the sentence that stands beside it (`# HELP`).
    package func describe(_ label: String, _ sentence: String) {
        state.withLock { $0.descriptions[PrometheusText.name(label)] = sentence }
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    package func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions, bounds: HistogramCell.sizeBounds) : gauge(label, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, bounds: HistogramCell.secondBounds)
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterCell {
        if case .counter(let cell) = cell("counter", label, dimensions, { .counter(CounterCell()) }) { return cell }
        return CounterCell()
    }

    func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeCell {
        if case .gauge(let cell) = cell("gauge", label, dimensions, { .gauge(GaugeCell()) }) { return cell }
        return GaugeCell()
    }

    func histogram(_ label: String, _ dimensions: [(String, String)], bounds: [Double]) -> HistogramCell {
        if case .histogram(let cell) = cell("histogram", label, dimensions, { .histogram(HistogramCell(bounds: bounds)) }) { return cell }
        return HistogramCell(bounds: bounds)
    }

    private func cell(_ kind: String, _ label: String, _ dimensions: [(String, String)], _ make: () -> Cell) -> Cell {
        let name = PrometheusText.name(label)
        let labels = PrometheusText.labels(dimensions)
        return state.withLock { state in
            let known = state.families[name]?.series[labels]
            if let known, known.kind == kind { return known }
            let new = make()
            guard state.seriesCount < Self.maximumSeries, state.families[name]?.kind ?? kind == kind else {
                state.dropped += 1
                return new
            }
            state.seriesCount += 1
            state.families[name, default: Family(kind: new.kind)].series[labels] = new
            return new
        }
    }

    private func remove(_ handler: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                for (labels, cell) in family.series where cell.handler === handler {
                    state.families[name]?.series[labels] = nil
                    state.seriesCount -= 1
                }
            }
        }
    }

    /// Everything that was measured, in Prometheus's text format 0.0.4.
    package func rendered(process: ProcessMetrics? = ProcessMetrics.read()) -> [UInt8] {
        let (families, descriptions, dropped) = state.withLock { ($0.families, $0.descriptions, $0.dropped) }
        var text = PrometheusText(descriptions: descriptions)
        for (name, family) in families.sorted(by: { $0.key < $1.key }) { text.append(name, family) }
        text.appendCounter(MetricNames.droppedSeries, dropped)
        process?.append(to: &text)
        return text.bytes
    }
}
