/// The metrics that every service has.
package enum MetricNames {
    /// Counter; labels `method`, `route` (the template, never the raw path), `status`.
    package static let requests = "http_requests_total"
    /// Histogram in seconds; the same labels as ``requests`` without `status`.
    package static let requestDuration = "http_request_duration_seconds"
    /// Gauge.
    package static let requestsInFlight = "http_requests_in_flight"
    static let droppedSeries = "metrics_dropped_series_total"
    static let residentMemory = "process_resident_memory_bytes"
    static let processorTime = "process_cpu_seconds_total"
    static let openFiles = "process_open_fds"
    static let startTime = "process_start_time_seconds"

    static let descriptions: [String: String] = [
        requests: "HTTP requests answered, by method, route template and status.",
        requestDuration: "How long it took to answer, in seconds, by method and route template.",
        requestsInFlight: "HTTP requests being answered.",
        droppedSeries: "Label sets that were not kept because there are too many.",
        residentMemory: "Memory in use, in bytes.",
        processorTime: "Processor time used, user and system, in seconds.",
        openFiles: "Open file descriptors.",
        startTime: "When the process started, in seconds since 1970.",
    ]
}
