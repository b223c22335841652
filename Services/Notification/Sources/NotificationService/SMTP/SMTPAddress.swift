/// An e-mail address that is safe to put into an SMTP command and into a header.
///
/// Guarantee: no control character, white space, quote, comma or angle bracket is inside, so that an address can neither end a command nor
/// add a second recipient. The local part has 1–64 octets and the whole at most 254 (RFC 5321 §4.5.3.1). Quoted local parts are refused.
/// Dots are taken wherever they stand, because such mailboxes exist; letters beyond ASCII are taken and need a server that offers SMTPUTF8
/// (RFC 6531).
package struct SMTPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The part before the last `@`, with the case it was given.
    package let localPart: String
    /// The part after the last `@`: a host name or an address literal in brackets.
    package let domain: String

    /// Reads `local@domain`; `nil` if it is not an address in the sense above.
    package init?(_ text: String) {
        guard text.utf8.count <= 254, let at = text.lastIndex(of: "@") else { return nil }
        let local = text[..<at]
        let domain = text[text.index(after: at)...]
        guard (1...64).contains(local.utf8.count), !domain.isEmpty else { return nil }
        guard local.unicodeScalars.allSatisfy(Self.isLocal), Self.isDomain(domain) else { return nil }
        self.localPart = String(local)
        self.domain = String(domain)
    }

    /// The address as it is written between angle brackets.
    package var description: String { "\(localPart)@\(domain)" }

    /// Whether a server without SMTPUTF8 can take it.
    package var isASCII: Bool { localPart.utf8.allSatisfy { $0 < 0x80 } && domain.utf8.allSatisfy { $0 < 0x80 } }

    private static func isLocal(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return isVisible(scalar) }
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": return true
        default: return "!#$%&'*+-/=?^_`{|}~.".unicodeScalars.contains(scalar)
        }
    }

    private static func isDomain(_ domain: Substring) -> Bool {
        if domain.hasPrefix("["), domain.hasSuffix("]") {
            let literal = domain.dropFirst().dropLast()
            return !literal.isEmpty && literal.utf8.allSatisfy { isHostOctet($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
        }
        return domain.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.unicodeScalars.allSatisfy { $0.isASCII ? isHostOctet(UInt8(ascii: $0)) : isVisible($0) }
        }
    }

    private static func isHostOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// Letters, marks, digits, punctuation and symbols; nothing that breaks a line, reverses it or cannot be seen.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
