package import EventContracts

/// What is wrong with the templates, in words for the operator who edits them.
package enum LetterTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file is not there, cannot be read, is no UTF-8 or has more than 256 KiB.
    case unreadable(file: String, reason: String)
    /// The file is no Mustache template; `line` counts from 1.
    case malformed(file: String, line: Int, reason: String)
    /// The file uses a name that no letter has, so that an empty text would be sent.
    case unknownName(file: String, name: String)
    /// The file uses something that these templates may not: a partial other than the layout, other delimiters, a content type.
    case unsupported(file: String, tag: String)
    /// A letter of this kind cannot be written without this value. The caller's mistake, not the template's.
    case missingValue(MessageKind, name: String)

    /// One sentence; it names the file.
    package var description: String {
        switch self {
        case .unreadable(let file, let reason): "the template \(file) cannot be used: \(reason)"
        case .malformed(let file, let line, let reason): "the template \(file) is malformed in line \(line): \(reason)"
        case .unknownName(let file, let name): "the template \(file) uses the unknown name {{\(name)}}"
        case .unsupported(let file, let tag): "the template \(file) uses {{\(tag)}}, which is not supported here"
        case .missingValue(let kind, let name): "a letter of the kind \(kind.rawValue) needs the value \(name)"
        }
    }
}
