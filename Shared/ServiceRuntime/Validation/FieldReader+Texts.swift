import JSON

extension FieldReader {
    /// A text.
    ///
    /// - Parameters:
    ///   - length: In characters as people count them.
    ///   - multiline: Whether line feeds, carriage returns and tabs are allowed. Other control characters, NUL among them, never are.
    package func string(_ name: String, length: ClosedRange<Int>, multiline: Bool = false) -> String {
        required(name, standIn: "") { TextRule(length: length, multiline: multiline).read($0) }
    }

    /// A text that may be left out.
    package func optionalString(_ name: String, length: ClosedRange<Int>, multiline: Bool = false) -> String? {
        optional(name) { TextRule(length: length, multiline: multiline).read($0) }
    }

    /// An e-mail address: see ``EmailAddress/isAcceptable(_:)``.
    package func email(_ name: String) -> String {
        required(name, standIn: "") { value in
            guard case .string(let text) = value else { return .failure(FieldRejection("must be a string")) }
            return EmailAddress.isAcceptable(text) ? .success(text) : .failure(FieldRejection("must be an e-mail address"))
        }
    }

    /// One of a few words.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String, default standIn: Choice) -> Choice {
        optional(name) { value in
            if case .string(let text) = value, let choice = Choice(rawValue: text) { return .success(choice) }
            return .failure(FieldRejection("must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))"))
        } ?? standIn
    }
}

/// What a text may be.
struct TextRule {
    let length: ClosedRange<Int>
    let multiline: Bool

    func read(_ value: JSONValue) -> Result<String, FieldRejection> {
        guard case .string(let text) = value else { return .failure(FieldRejection("must be a string")) }
        // Counting characters is work; a character has at least one byte, and no honest one has more than 64.
        guard text.utf8.count <= length.upperBound * 64, length.contains(text.count) else {
            let bounds = length.lowerBound == 0 ? "at most" : "\(length.lowerBound) to"
            return .failure(FieldRejection("must have \(bounds) \(length.upperBound) characters"))
        }
        guard text.unicodeScalars.allSatisfy(isAllowed) else {
            return .failure(FieldRejection("must not contain control characters"))
        }
        return .success(text)
    }

    /// Unicode's line and paragraph separators end lines too, for who reads a header or a log.
    private func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: multiline
        case 0x00..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: false
        default: true
        }
    }
}
