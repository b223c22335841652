package import EventContracts
package import Foundation
import Mustache

/// The letters' words and looks: Mustache files that operators can edit.
///
/// For each `MessageKind` there are `<kind>.subject.mustache`, `<kind>.txt.mustache` and `<kind>.html.mustache`; the HTML ones share the
/// frame
/// `layout.html.mustache` (`{{<layout}}…{{/layout}}`). Values are escaped in HTML and left as they are in subjects and text.
///
/// All files are read, parsed and tried out once, by `init`: a service with a broken template does not start, rather than send broken
/// letters.
package struct LetterTemplates: Sendable {
    private struct Templates: Sendable {
        let subject, text, html: MustacheTemplate
    }

    private var templates: [MessageKind: Templates] = [:]
    private let library: MustacheLibrary

    /// Loads the files of a directory, or those that came with the service.
    ///
    /// - Throws: `LetterTemplateError`, which names the file.
    package init(directory: URL? = nil) throws(LetterTemplateError) {
        let directory = if let directory { directory } else { try Self.bundledDirectory() }
        MustacheContentTypes.register(EscapedHTML(), named: EscapedHTML.name)
        let layout = try TemplateFile(directory, "layout.html.mustache", mayUseLayout: false)
        library = MustacheLibrary(templates: ["layout": layout.template])
        for kind in MessageKind.allCases {
            let subject = try TemplateFile(directory, "\(kind.rawValue).subject.mustache", mayUseLayout: false)
            let text = try TemplateFile(directory, "\(kind.rawValue).txt.mustache", mayUseLayout: false)
            let html = try TemplateFile(directory, "\(kind.rawValue).html.mustache", mayUseLayout: true)
            for file in [subject, text, html] { try tryOut(file) }
            templates[kind] = Templates(subject: subject.template, text: text.template, html: html.template)
        }
    }

    /// Where the templates that came with the service are: what an operator copies to start from.
    ///
    /// - Throws: `LetterTemplateError.unreadable` if the service was installed without its resources.
    package static func bundledDirectory() throws(LetterTemplateError) -> URL {
        guard let directory = Bundle.module.url(forResource: "Templates", withExtension: nil) else {
            throw .unreadable(file: "Templates", reason: "the service's own templates are not beside it")
        }
        return directory
    }

    /// Writes a letter.
    ///
    /// - Returns: The subject on one line, whatever the values hold; the text; the HTML.
    /// - Throws: `LetterTemplateError.missingValue` if the kind needs a value that is not there.
    package func render(
        kind: MessageKind,
        values: LetterValues
    ) throws(LetterTemplateError) -> (subject: String, text: String, html: String) {
        for name in LetterValues.required(by: kind) where values.text(name) == nil {
            throw .missingValue(kind, name: name)
        }
        guard let templates = templates[kind] else { preconditionFailure("every kind was loaded") }
        let scope = LetterScope(values)
        return (
            singleLine(templates.subject.render(scope, library: library)),
            templates.text.render(scope, library: library),
            templates.html.render(scope, library: library)
        )
    }

    /// Renders with all values and with as few as can be, so that each section is entered, and looks for names that nothing answers to.
    private func tryOut(_ file: TemplateFile) throws(LetterTemplateError) {
        let sample = LetterValues(
            userName: "Ada",
            orderID: OrderID(),
            amount: .zero(.usd),
            reason: .insufficientFunds,
            subject: "Hello",
            body: "Hello"
        )
        for values in [sample, LetterValues(userName: "Ada")] {
            let scope = LetterScope(values)
            _ = file.template.render(scope, library: library)
            if let name = scope.unknownNames.first { throw .unknownName(file: file.name, name: name) }
        }
    }
}

/// The names of a template's text, looked up in a letter's values.
private final class LetterScope: MustacheParent {
    private let values: LetterValues
    private(set) var unknownNames: [String] = []

    init(_ values: LetterValues) {
        self.values = values
    }

    func child(named name: String) -> Any? {
        if !LetterValues.names.contains(name) { unknownNames.append(name) }
        return name == "lines" ? values.lines : values.text(name)
    }
}
