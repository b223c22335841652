package import EventContracts

/// A name and an address, as a letter's From or To shows them.
package struct Mailbox: Sendable, Hashable {
    /// What a mail program shows instead of the address; `nil` or empty shows the address.
    package var name: String?
    /// Where the letter goes.
    package var address: SMTPAddress

    /// A mailbox whose name is taken as it is: `MIMEComposer` refuses the letter if the name holds a control character.
    package init(name: String?, address: SMTPAddress) {
        self.name = name
        self.address = address
    }

    /// A mailbox for a name that a user chose: control characters in it become spaces, and it is cut to 100 characters.
    package init(userName: String, address: SMTPAddress) {
        self.init(name: String(singleLine(userName).prefix(100)), address: address)
    }
}

/// A mail before it is composed: what it says, to whom, in two shapes of the same text.
package struct Letter: Sendable, Hashable {
    /// One more header, such as `X-Order-Id`.
    package struct Header: Sendable, Hashable {
        /// 1–40 visible ASCII characters without a colon; none of the headers that the composer writes itself.
        package var name: String
        /// One line of text.
        package var value: String

        /// A header; it is checked when the letter is composed.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The message's id: Message-ID, MIME boundary and so every byte of the letter depend on it and on nothing random.
    package var id: MessageID
    /// The sender; the part behind its `@` is also that of the Message-ID.
    package var from: Mailbox
    /// The only recipient.
    package var to: Mailbox
    /// One line of text.
    package var subject: String
    /// The letter for programs that show plain text.
    package var text: String
    /// The letter for programs that show HTML.
    package var html: String
    /// Headers of the sender's own, in this order.
    package var headers: [Header]
    /// The Date header; give the time at which the message was created, so that a letter sent again is the same letter.
    package var date: Timestamp

    /// A letter; it is checked when it is composed.
    package init(
        id: MessageID,
        from: Mailbox,
        to: Mailbox,
        subject: String,
        text: String,
        html: String,
        headers: [Header] = [],
        date: Timestamp
    ) {
        self.id = id
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.headers = headers
        self.date = date
    }
}

/// The text with every control character, line and paragraph separator made a space, runs of white space made one, and the ends trimmed:
/// what is left stands on one line, in a header or in a sentence.
package func singleLine(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        guard scalar.properties.isWhitespace || isLineBreaking(scalar) else {
            result.append(scalar)
            continue
        }
        if let last = result.last, last != " " { result.append(" ") }
    }
    if result.last == " " { result.removeLast() }
    return String(result)
}

/// Whether a character may not stand in a header: CR, LF, NUL and every other control character, and Unicode's line and paragraph
/// separators.
func isLineBreaking(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: false
    }
}
