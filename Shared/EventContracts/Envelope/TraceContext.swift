/// Where in a distributed trace something happens: the `traceparent` of W3C Trace Context, level 1.
///
/// It travels in HTTP headers, in the outbox and in Kafka, so that one trace leads from the request to the mail.
package struct TraceContext: Sendable, Hashable {
    private let traceHigh: UInt64
    private let traceLow: UInt64
    private let span: UInt64
    /// Whether the caller recorded the trace, and we should.
    package let sampled: Bool

    private init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, sampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.sampled = sampled
    }

    /// The start of a new trace, recorded.
    package static func make() -> TraceContext {
        TraceContext(traceHigh: .random(in: 1 ... .max), traceLow: .random(in: .min ... .max), span: .random(in: 1 ... .max), sampled: true)
    }

    /// The next step of the same trace: a new span, everything else kept.
    package func child() -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, span: .random(in: 1 ... .max), sampled: sampled)
    }

    /// Thirty-two lower-case hexadecimal digits, the same for the whole trace.
    package var traceID: String {
        Self.ascii(32) { text in
            Hexadecimal.append(traceHigh, digits: 16, to: &text)
            Hexadecimal.append(traceLow, digits: 16, to: &text)
        }
    }

    /// Sixteen lower-case hexadecimal digits: this step.
    package var spanID: String {
        Self.ascii(16) { Hexadecimal.append(span, digits: 16, to: &$0) }
    }

    private static func ascii(_ count: Int, _ fill: (inout OutputSpan<UInt8>) -> Void) -> String {
        String(decoding: [UInt8](capacity: count, initializingWith: fill), as: UTF8.self)
    }
}

extension TraceContext {
    /// Reads a header. What the specification calls invalid is `nil`: whoever gets it starts a new trace.
    ///
    /// Version 00 must be exactly 55 characters; later versions may go on after them with `-` (section 3.2.4). Version ff, upper case, and
    /// identifiers of zeros only are invalid.
    package init?(traceparent: String) {
        let bytes = Array(traceparent.utf8)
        guard bytes.count >= 55, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
            let version = Hexadecimal.lowercaseNumber(bytes[0..<2]), version != 0xFF,
            bytes.count == 55 || (version > 0 && bytes[55] == Self.dash),
            let traceHigh = Hexadecimal.lowercaseNumber(bytes[3..<19]), let traceLow = Hexadecimal.lowercaseNumber(bytes[19..<35]),
            let span = Hexadecimal.lowercaseNumber(bytes[36..<52]), let flags = Hexadecimal.lowercaseNumber(bytes[53..<55]),
            traceHigh | traceLow != 0, span != 0
        else { return nil }
        self.init(traceHigh: traceHigh, traceLow: traceLow, span: span, sampled: flags & 1 == 1)
    }

    private static let dash = UInt8(ascii: "-")
}

extension TraceContext: CustomStringConvertible {
    /// The header's value, in version 00.
    package var description: String {
        Self.ascii(55) { text in
            Hexadecimal.append(0, digits: 2, to: &text)
            text.append(Self.dash)
            Hexadecimal.append(traceHigh, digits: 16, to: &text)
            Hexadecimal.append(traceLow, digits: 16, to: &text)
            text.append(Self.dash)
            Hexadecimal.append(span, digits: 16, to: &text)
            text.append(Self.dash)
            Hexadecimal.append(sampled ? 1 : 0, digits: 2, to: &text)
        }
    }
}
