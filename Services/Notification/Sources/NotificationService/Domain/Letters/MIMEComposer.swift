import EventContracts

/// Why a letter cannot be composed. Nothing of it was sent, and composing it again will fail again.
package enum LetterError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A header's value holds CR, LF, NUL or another control character: somebody may be trying to add headers.
    case controlCharacter(header: String)
    /// A header's value has more than 4,096 octets.
    case headerTooLong(header: String)
    /// A header's name is not 1–40 visible ASCII characters without a colon.
    case invalidHeaderName
    /// A header that the composer writes itself was given again.
    case reservedHeader(String)

    /// One line for a log or for a message's `last_error`; the offending text is not repeated.
    package var description: String {
        switch self {
        case .controlCharacter(let header): "the header \(header) holds a control character"
        case .headerTooLong(let header): "the header \(header) is too long"
        case .invalidHeaderName: "a header's name is not valid"
        case .reservedHeader(let name): "the header \(name) is written by the composer"
        }
    }
}

/// Makes the bytes of a mail (RFC 5322, RFC 2045–2047).
package enum MIMEComposer {
    /// Composes `multipart/alternative` with `text/plain` and `text/html`, in UTF-8.
    ///
    /// The result is deterministic: the same letter gives the same bytes, Message-ID and boundary included. It is ASCII, unless an address
    /// is not; lines end with CR LF and have at most 76 characters, an address's or a Message-ID's line at most 340.
    ///
    /// - Throws: `LetterError` if a header would not stay on its line.
    package static func compose(_ letter: Letter) throws(LetterError) -> [UInt8] {
        // "=_" occurs neither in quoted-printable nor in base64, so no text can contain the boundary.
        let boundary = "=_\(letter.id)"
        var writer = HeaderWriter()
        writer.fixed("Date", headerDate(letter.date))
        try writer.mailbox("From", letter.from)
        try writer.mailbox("To", letter.to)
        writer.fixed("Message-ID", "<\(letter.id)@\(letter.from.address.domain)>")
        try writer.text("Subject", letter.subject)
        for header in letter.headers {
            try check(header.name)
            try writer.text(header.name, header.value)
        }
        writer.fixed("Auto-Submitted", "auto-generated")
        writer.fixed("MIME-Version", "1.0")
        writer.fixed("Content-Type", "multipart/alternative;\r\n boundary=\"\(boundary)\"")
        var bytes = writer.bytes
        bytes.reserveCapacity(bytes.count + 2 * (letter.text.utf8.count + letter.html.utf8.count))
        part("text/plain", letter.text, boundary, &bytes)
        part("text/html", letter.html, boundary, &bytes)
        bytes += "\r\n--\(boundary)--\r\n".utf8
        return bytes
    }

    private static func part(_ type: String, _ text: String, _ boundary: String, _ bytes: inout [UInt8]) {
        let encoding = TransferEncoding(shortestFor: text)
        bytes += "\r\n--\(boundary)\r\nContent-Type: \(type); charset=utf-8\r\nContent-Transfer-Encoding: \(encoding.rawValue)\r\n\r\n".utf8
        encoding.append(text, to: &bytes)
    }

    private static func check(_ name: String) throws(LetterError) {
        guard (1...40).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: ":") }) else {
            throw .invalidHeaderName
        }
        let lowercased = name.lowercased()
        guard !reserved.contains(lowercased), !lowercased.hasPrefix("content-"), !lowercased.hasPrefix("resent-") else {
            throw .reservedHeader(name)
        }
    }

    private static let reserved: Set<String> = [
        "date", "from", "sender", "to", "cc", "bcc", "message-id", "subject", "auto-submitted", "mime-version", "received", "return-path",
    ]
}

/// `Sat, 21 Nov 2026 10:10:23 +0000` (RFC 5322 §3.3).
func headerDate(_ time: Timestamp) -> String {
    let seconds = time.microseconds.flooredDivision(by: 1_000_000)
    let days = seconds.quotient.flooredDivision(by: 86_400)
    let (year, month, day) = civilDate(daysSince1970: days.quotient)
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(days.quotient.flooredDivision(by: 7).remainder)]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let clock = [days.remainder / 3_600, days.remainder / 60 % 60, days.remainder % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "\(weekday), \(day) \(months[month - 1]) \(year) \(clock.joined(separator: ":")) +0000"
}

/// The proleptic Gregorian date, by Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last.
private func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int, day: Int64) {
    let era = (daysSince1970 + 719_468).flooredDivision(by: 146_097)
    let dayOfEra = era.remainder
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = Int(shifted < 10 ? shifted + 3 : shifted - 9)
    return (yearOfEra + era.quotient * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
}

extension Int64 {
    /// Quotient rounded down and remainder not negative; the divisor is positive.
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
