import Metrics
import Testing

@testable import ServiceRuntime

@Suite struct PrometheusTests {
    private let registry = PrometheusRegistry()

    private var text: String { String(decoding: registry.rendered(process: nil), as: UTF8.self) }

    @Test func `Counters, gauges and histograms are rendered with their kinds`() {
        registry.describe("orders_total", "Orders, by\noutcome \\ kind.")
        Counter(label: "orders_total", dimensions: [("status", "ok"), ("area", "x")], factory: registry).increment(by: 3)
        Gauge(label: "queue depth", dimensions: [], factory: registry).record(2.5)
        Meter(label: "lag", dimensions: [("partition", "1")], factory: registry).set(7)
        Timer(label: "work_seconds", dimensions: [("part", "relay")], factory: registry).recordMilliseconds(30)
        #expect(
            text.hasPrefix(
                """
                # TYPE lag gauge
                lag{partition="1"} 7
                # HELP orders_total Orders, by\\noutcome \\\\ kind.
                # TYPE orders_total counter
                orders_total{area="x",status="ok"} 3
                # TYPE queue_depth gauge
                queue_depth 2.5
                # TYPE work_seconds histogram
                work_seconds_bucket{part="relay",le="0.001"} 0

                """
            )
        )
        #expect(text.contains("work_seconds_bucket{part=\"relay\",le=\"0.025\"} 0\nwork_seconds_bucket{part=\"relay\",le=\"0.05\"} 1\n"))
        #expect(
            text.contains(
                "work_seconds_bucket{part=\"relay\",le=\"+Inf\"} 1\nwork_seconds_sum{part=\"relay\"} 0.03\nwork_seconds_count{part=\"relay\"} 1\n"
            )
        )
    }

    @Test func `Buckets hold their upper bound and everything below it`() {
        let recorder = Recorder(label: "batch", dimensions: [], aggregate: true, factory: registry)
        for size in [0, 1, 2, 3, 5_000_000] { recorder.record(size) }
        #expect(text.contains("batch_bucket{le=\"1\"} 2\nbatch_bucket{le=\"2\"} 3\nbatch_bucket{le=\"5\"} 4\n"))
        #expect(text.contains("batch_bucket{le=\"1000000\"} 4\nbatch_bucket{le=\"+Inf\"} 5\nbatch_sum 5000006\nbatch_count 5\n"))
    }

    @Test func `Label values are escaped and names are made valid`() {
        Counter(label: "9 odd.name", dimensions: [("a-b", "quote\" slash\\ line\n end")], factory: registry).increment()
        #expect(text.contains("_9_odd_name{a_b=\"quote\\\" slash\\\\ line\\n end\"} 1\n"))
    }

    @Test func `The same labels in another order are the same series`() {
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(text.contains("c{a=\"1\",b=\"2\"} 2\n"))
    }

    @Test func `A counter does not go back, and nothing counts what is not a number`() {
        let counter = registry.counter("c", [])
        counter.increment(by: 2.0)
        counter.increment(by: -1.0)
        counter.increment(by: .nan)
        #expect(counter.value == 2)
        let histogram = registry.histogram("h", [], bounds: [1])
        histogram.record(Double.nan)
        #expect(histogram.snapshot.counts == [0, 0])
    }

    @Test func `A name has one kind; a second one is dropped and counted`() {
        Counter(label: "x", dimensions: [], factory: registry).increment()
        Meter(label: "x", dimensions: [], factory: registry).set(5)
        #expect(text.contains("# TYPE x counter\nx 1\n"))
        #expect(text.contains("metrics_dropped_series_total 1\n"))
    }

    @Test func `There is an end to label sets`() {
        for index in 0..<(PrometheusRegistry.maximumSeries + 5) {
            Counter(label: "c", dimensions: [("i", String(index))], factory: registry).increment()
        }
        #expect(text.contains("metrics_dropped_series_total 5\n"))
    }

    @Test func `A metric that is destroyed is gone`() {
        let counter = Counter(label: "gone", dimensions: [], factory: registry)
        counter.increment()
        counter.destroy()
        #expect(!text.contains("gone 1"))
    }

    @Test func `The process is described as Prometheus's clients do`() throws {
        let process = try #require(ProcessMetrics.read())
        #expect(process.residentMemoryBytes > 1_000_000)
        #expect(process.openFiles > 2)
        #expect(process.startSeconds > 1_600_000_000)
        let text = String(decoding: registry.rendered(process: process), as: UTF8.self)
        for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds"] {
            #expect(text.contains("# HELP \(name) "))
            #expect(text.contains("\n\(name) "))
        }
    }

    @Test(arguments: [
        (0.0, "0"), (-1.5, "-1.5"), (1e15, "1000000000000000"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e-7, "1e-07"),
    ])
    func `Numbers are written as Prometheus reads them`(value: Double, expected: String) {
        #expect(PrometheusText.number(value) == expected)
    }
}
