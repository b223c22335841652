/// Prometheus's text exposition format, version 0.0.4.
package struct PrometheusText {
    /// What was written.
    package private(set) var bytes: [UInt8] = []
    private let descriptions: [String: String]

    init(descriptions: [String: String] = MetricNames.descriptions) {
        self.descriptions = descriptions
        bytes.reserveCapacity(16 * 1024)
    }

    mutating func append(_ name: String, _ family: PrometheusRegistry.Family) {
        head(name, kind: family.kind)
        for (labels, cell) in family.series.sorted(by: { $0.key < $1.key }) {
            switch cell {
            case .counter(let counter): sample(name, labels, counter.value)
            case .gauge(let gauge): sample(name, labels, gauge.value)
            case .histogram(let histogram): samples(name, labels, histogram)
            }
        }
    }

    /// One counter without labels.
    mutating func appendCounter(_ name: String, _ value: Double) {
        head(name, kind: "counter")
        sample(name, "", value)
    }

    /// One gauge without labels.
    mutating func appendGauge(_ name: String, _ value: Double) {
        head(name, kind: "gauge")
        sample(name, "", value)
    }

    private mutating func head(_ name: String, kind: String) {
        if let description = descriptions[name] {
            let escaped = description.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
            line("# HELP \(name) \(escaped)")
        }
        line("# TYPE \(name) \(kind)")
    }

    private mutating func samples(_ name: String, _ labels: String, _ histogram: HistogramCell) {
        let snapshot = histogram.snapshot
        let prefix = labels.isEmpty ? "" : labels + ","
        var total = 0
        for (bound, count) in zip(histogram.bounds + [.infinity], snapshot.counts) {
            total += count
            sample(name + "_bucket", "\(prefix)le=\"\(Self.number(bound))\"", Double(total))
        }
        sample(name + "_sum", labels, snapshot.sum)
        sample(name + "_count", labels, Double(total))
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: Double) {
        line(labels.isEmpty ? "\(name) \(Self.number(value))" : "\(name){\(labels)} \(Self.number(value))")
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A value as Prometheus reads it; whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }

    /// A label as a metric name: letters, digits, `_` and `:`; everything else becomes `_`.
    static func name(_ label: String) -> String {
        identifier(label, isExtra: { $0 == ":" })
    }

    /// Label pairs inside the braces, sorted by name, values escaped.
    static func labels(_ dimensions: [(String, String)]) -> String {
        if dimensions.isEmpty { return "" }
        return dimensions.sorted { $0.0 < $1.0 }
            .map { name, value in "\(identifier(name, isExtra: { _ in false }))=\"\(escaped(value))\"" }
            .joined(separator: ",")
    }

    private static func identifier(_ text: String, isExtra: (Unicode.Scalar) -> Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_" || isExtra(scalar)
            let isDigit = ("0"..."9").contains(scalar)
            if isDigit, result.isEmpty { result += "_" }
            result.unicodeScalars.append(isLetter || isDigit ? scalar : "_")
        }
        return result.isEmpty ? "_" : result
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
