import Foundation
import Mustache

/// One template, read from its file and parsed.
struct TemplateFile {
    static let maximumLength = 256 * 1_024

    /// The file's name, for errors.
    let name: String
    let template: MustacheTemplate

    init(_ directory: URL, _ name: String, mayUseLayout: Bool) throws(LetterTemplateError) {
        self.name = name
        let text = try Self.read(directory.appendingPathComponent(name), name)
        try Self.checkTags(text, name, mayUseLayout: mayUseLayout)
        let contentType = name.hasSuffix(".html.mustache") ? EscapedHTML.name : "TEXT"
        do {
            // The line that is put in front takes itself out again and moves the line numbers by one.
            template = try MustacheTemplate(string: "{{% CONTENT_TYPE:\(contentType)}}\n\(text)")
        } catch let error as MustacheTemplate.ParserError {
            throw .malformed(file: name, line: max(1, error.context.lineNumber - 1), reason: "\(error.error)")
        } catch {
            throw .malformed(file: name, line: 1, reason: "\(error)")
        }
    }

    private static func read(_ url: URL, _ name: String) throws(LetterTemplateError) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw .unreadable(file: name, reason: "there is no such file in \(url.deletingLastPathComponent().path), or it may not be read")
        }
        guard data.count <= maximumLength else { throw .unreadable(file: name, reason: "it has more than \(maximumLength) bytes") }
        guard let text = String(validating: data, as: UTF8.self) else { throw .unreadable(file: name, reason: "it is not UTF-8") }
        return text
    }

    /// Refuses what would be silently empty, could recurse without end, or would turn escaping off for a whole file.
    private static func checkTags(_ text: String, _ name: String, mayUseLayout: Bool) throws(LetterTemplateError) {
        for part in text.components(separatedBy: "{{").dropFirst() {
            let tag = part.components(separatedBy: "}}")[0].trimmingCharacters(in: .whitespacesAndNewlines)
            guard let sigil = tag.first else {
                throw .malformed(file: name, line: 1, reason: "it has an empty tag")
            }
            let isLayout = mayUseLayout && sigil == "<" && tag.dropFirst().trimmingCharacters(in: .whitespaces) == "layout"
            if "><=%".contains(sigil), !isLayout { throw .unsupported(file: name, tag: tag) }
        }
    }
}

/// HTML's five special characters, escaped wherever they stand.
///
/// The escaping that swift-mustache brings compares whole grapheme clusters, so that a `<` behind U+0600, or a quote before a combining
/// mark, is another character to it and goes through as it is. This one looks at scalars.
struct EscapedHTML: MustacheContentType {
    static let name = "ESCAPED_HTML"

    func escapeText(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "'": result.append(contentsOf: "&#39;".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
