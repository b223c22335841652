/// A mail for one recipient, as SMTP sees it.
package struct SMTPEnvelope: Sendable, Hashable {
    /// Where bounces go.
    package var from: SMTPAddress
    /// The only recipient, so that one mail has one outcome.
    package var to: SMTPAddress
    /// The message: headers, an empty line, the body (RFC 5322).
    package var data: [UInt8]

    /// An envelope around a composed message.
    package init(from: SMTPAddress, to: SMTPAddress, data: [UInt8]) {
        self.from = from
        self.to = to
        self.data = data
    }
}

/// A message made ready for the wire: line ends made CR LF, dots stuffed, the final dot added (RFC 5321 §4.5.2).
///
/// Lone CR and lone LF become CR LF: servers disagree about them, and that disagreement can smuggle a second mail behind the first.
package struct SMTPMessage: Sendable, Hashable {
    /// What follows the server's 354, `CR LF . CR LF` at the end.
    package let wire: [UInt8]
    /// Octets of the message without stuffing and final dot, as `SIZE=` counts them (RFC 1870 §5).
    package let size: Int
    /// Whether the body has octets above 127.
    package let needsEightBit: Bool
    /// Whether the headers have octets above 127.
    package let needsInternationalHeaders: Bool

    /// Stuffs the message.
    package init(_ data: [UInt8]) {
        let (cr, lf, dot) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: "."))
        var wire: [UInt8] = []
        wire.reserveCapacity(data.count + data.count / 64 + 16)
        var stuffed = 0
        var lineStart = 0
        var inHeaders = true
        var highInHeaders = false
        var highInBody = false
        var previous: UInt8 = 0
        for octet in data {
            defer { previous = octet }
            if octet == lf, previous == cr { continue }
            if octet == cr || octet == lf {
                if wire.count == lineStart { inHeaders = false }
                wire.append(cr)
                wire.append(lf)
                lineStart = wire.count
                continue
            }
            if octet == dot, wire.count == lineStart {
                wire.append(dot)
                stuffed += 1
            } else if octet >= 0x80 {
                if inHeaders { highInHeaders = true } else { highInBody = true }
            }
            wire.append(octet)
        }
        if wire.count != lineStart { wire.append(contentsOf: [cr, lf]) }
        size = wire.count - stuffed
        wire.append(contentsOf: [dot, cr, lf])
        self.wire = wire
        needsEightBit = highInBody
        needsInternationalHeaders = highInHeaders
    }
}
