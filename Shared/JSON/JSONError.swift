/// Bytes that are not the JSON document they should be.
package struct JSONError: Error, Hashable {
    /// What is wrong, for code that decides.
    package enum Kind: String, Sendable {
        case unexpectedEnd
        case unexpectedByte
        case trailingBytes
        case byteOrderMark
        case invalidUTF8
        case controlCharacter
        case invalidEscape
        case loneSurrogate
        case invalidNumber
        case numberOutOfRange
        case duplicateName
        case tooDeep
    }

    /// What is wrong.
    package let kind: Kind
    /// Where, in bytes from the start of the document.
    package let offset: Int

    /// - Parameters:
    ///   - kind: what is wrong.
    ///   - offset: where, in bytes from the start.
    package init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// What is wrong, for people: a fixed sentence without any of the input, safe to show.
    package var reason: String {
        switch kind {
        case .unexpectedEnd: "the document ends too early"
        case .unexpectedByte: "another character was expected"
        case .trailingBytes: "there is something after the end of the document"
        case .byteOrderMark: "the document starts with a byte order mark"
        case .invalidUTF8: "the text is not valid UTF-8"
        case .controlCharacter: "a control character in a string must be escaped"
        case .invalidEscape: "there is no such escape sequence"
        case .loneSurrogate: "a surrogate must be one of a pair"
        case .invalidNumber: "the number is not written as JSON wants it"
        case .numberOutOfRange: "the number is too large"
        case .duplicateName: "a name is used twice in one object"
        case .tooDeep: "the document is nested too deeply"
        }
    }
}

extension JSONError: CustomStringConvertible {
    /// The reason and the offset, safe to show.
    package var description: String {
        "\(reason) (at byte \(offset))"
    }
}
