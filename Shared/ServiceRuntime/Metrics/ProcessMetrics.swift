#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the system says about this process, under the names that Prometheus's own clients use.
package struct ProcessMetrics: Sendable, Equatable {
    /// Resident memory, in bytes.
    package let residentMemoryBytes: Int
    /// Processor time used so far, in seconds.
    package let processorSeconds: Double
    /// Open file descriptors.
    package let openFiles: Int
    /// When the process started, in seconds since 1970.
    package let startSeconds: Double

    /// Reads `/proc`; `nil` where there is none.
    package static func read() -> ProcessMetrics? {
        guard let status = contents("/proc/self/status"), let stat = contents("/proc/self/stat"),
            let memory = field("VmRSS:", of: status), let boot = contents("/proc/stat").flatMap({ field("btime", of: $0) }),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        else { return nil }
        // After the command's closing parenthesis the fields are those from 3 on (proc(5)): 14 and 15 are the times, 22 the start.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, let user = Double(fields[11]), let system = Double(fields[12]), let start = Double(fields[19]) else {
            return nil
        }
        return ProcessMetrics(
            residentMemoryBytes: memory * 1024,
            processorSeconds: (user + system) / ticksPerSecond,
            openFiles: files.count,
            startSeconds: Double(boot) + start / ticksPerSecond
        )
    }

    /// Linux reports times to processes in hundredths of a second on every architecture (`USER_HZ`).
    private static let ticksPerSecond = 100.0

    private static func contents(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first number on the line that begins with a word.
    private static func field(_ name: String, of text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        return Int(line.dropFirst(name.count).drop { $0 == " " || $0 == "\t" }.prefix { $0.isNumber })
    }

    func append(to text: inout PrometheusText) {
        text.appendGauge(MetricNames.residentMemory, Double(residentMemoryBytes))
        text.appendCounter(MetricNames.processorTime, processorSeconds)
        text.appendGauge(MetricNames.openFiles, Double(openFiles))
        text.appendGauge(MetricNames.startTime, startSeconds)
    }
}
