/// Why what a server sent is no SMTP reply. The connection is of no more use.
package enum SMTPReplyError: Error, Sendable, Hashable {
    /// A line had more than `SMTPReplyParser.maximumLineLength` octets.
    case lineTooLong
    /// A reply had more than `SMTPReplyParser.maximumLines` lines.
    case tooManyLines
    /// A line did not begin with three digits, 200–599, and a space, a hyphen or the line's end.
    case malformed
    /// The lines of one reply had different codes.
    case codeChanged
}

/// Makes replies out of the bytes of a connection, however they were split.
///
/// A pure value. Its memory is bounded: one line and one reply's lines, both limited. After an error it throws that error for ever, because
/// the place of the next reply is not known. Lines end with CR LF; a bare LF is taken too.
package struct SMTPReplyParser: Sendable {
    /// Octets of one line without its end. RFC 5321 §4.5.3.1.5 allows 510; servers with long URLs in their refusals exceed it.
    package static let maximumLineLength = 2_048
    /// Lines of one reply.
    package static let maximumLines = 128

    private var line: [UInt8] = []
    private var code: Int?
    private var lines: [String] = []
    private var failure: SMTPReplyError?

    /// Waits for the first line.
    package init() {}

    /// Takes the next bytes.
    ///
    /// - Returns: The replies that these bytes completed, in order; often none.
    /// - Throws: `SMTPReplyError`, now and from then on.
    package mutating func append(_ bytes: some Sequence<UInt8>) throws(SMTPReplyError) -> [SMTPReply] {
        if let failure { throw failure }
        do throws(SMTPReplyError) {
            var replies: [SMTPReply] = []
            for byte in bytes {
                if byte != UInt8(ascii: "\n") {
                    guard line.count <= Self.maximumLineLength else { throw .lineTooLong }
                    line.append(byte)
                } else if let reply = try endLine() {
                    replies.append(reply)
                }
            }
            return replies
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func endLine() throws(SMTPReplyError) -> SMTPReply? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard line.count <= Self.maximumLineLength else { throw .lineTooLong }
        guard line.count >= 3, line[..<3].allSatisfy(isDigit) else { throw .malformed }
        let lineCode = line[..<3].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        guard (200...599).contains(lineCode) else { throw .malformed }
        guard code == nil || code == lineCode else { throw .codeChanged }
        guard lines.count < Self.maximumLines else { throw .tooManyLines }
        lines.append(readable(line.dropFirst(4)))
        switch line.count > 3 ? line[3] : UInt8(ascii: " ") {
        case UInt8(ascii: "-"):
            code = lineCode
            return nil
        case UInt8(ascii: " "):
            defer {
                code = nil
                lines = []
            }
            return SMTPReply(code: lineCode, lines: lines)
        default:
            throw .malformed
        }
    }

    private func readable(_ text: ArraySlice<UInt8>) -> String {
        String(decoding: text.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
