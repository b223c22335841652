import EventContracts
import Foundation
import NotificationService
import Testing

@Suite("Letters and their templates")
struct LetterTests {
    @Test(
        "Every kind of letter says what it is about",
        arguments: [
            (MessageKind.happy, ["confirmed", "199.99 USD", "019aa5b2-7c00-7000-8000-000000000001", "Ada"]),
            (.sad, ["could not confirm", "there was not enough money in your account", "019aa5b2-7c00-7000-8000-000000000001", "Ada"]),
            (.refund, ["cancelled", "199.99 USD", "019aa5b2-7c00-7000-8000-000000000001", "Ada"]),
            (.welcome, ["good to have you here", "Ada"]),
            (.direct, ["first line", "second line", "Ada"]),
        ]
    )
    func kinds(kind: MessageKind, expected: [String]) throws {
        let letter = try LetterTemplates().render(kind: kind, values: try sample())
        for text in expected {
            #expect(letter.text.contains(text))
            #expect(letter.html.contains(text))
        }
        #expect(!letter.subject.isEmpty)
        #expect(!letter.html.contains("http"))
        #expect(!(letter.subject + letter.text + letter.html).contains("{{"))
    }

    @Test(
        "Values are escaped in HTML, wherever they hide, and nowhere else",
        arguments: [
            "<script>", "\u{600}<script>", "<\u{301}b>", "\"\u{301} onload=x", "' & \"", "{{user_name}}", "&lt;",
        ]
    )
    func escaping(evil: String) throws {
        var values = try sample()
        values.userName = "Eve\(evil)"
        values.subject = "S\(evil)"
        values.body = "B\(evil)"
        for kind in MessageKind.allCases {
            let letter = try LetterTemplates().render(kind: kind, values: values)
            let own = try LetterTemplates().render(kind: kind, values: try sample()).html
            for special in ["<", ">", "\"", "'"] as [Unicode.Scalar] where kind != .direct {
                #expect(letter.html.unicodeScalars.count { $0 == special } == own.unicodeScalars.count { $0 == special })
            }
            #expect(!letter.html.unicodeScalars.elementsEqual(own.unicodeScalars))
            #expect(letter.text.unicodeScalars.contains("Eve\(evil)".unicodeScalars))
        }
        let direct = try LetterTemplates().render(kind: .direct, values: values)
        #expect(direct.subject == "S\(evil)")
        #expect(!direct.html.unicodeScalars.contains("<script".unicodeScalars))
    }

    @Test("Lines of a direct message are kept")
    func lines() throws {
        var values = try sample()
        values.body = "one\r\n\r\ntwo\rthree\u{0}\n\n"
        let letter = try LetterTemplates().render(kind: .direct, values: values)
        #expect(letter.text.contains("\none\n\ntwo\nthree \n"))
        #expect(letter.html.contains("one<br>\n<br>\ntwo<br>\nthree <br>\n"))
    }

    @Test("Nothing in a value can add a line to the subject")
    func subjectLine() throws {
        var values = try sample()
        values.userName = "Eve\r\nBcc: a@b.example\u{0}\u{2028}x"
        values.subject = " Hi\r\n\r\n<b>there\u{85}\t"
        let templates = try LetterTemplates()
        #expect(try templates.render(kind: .direct, values: values).subject == "Hi <b>there")
        #expect(try templates.render(kind: .welcome, values: values).subject == "Welcome to HappyMail, Eve Bcc: a@b.example x")
    }

    @Test("A nameless user is greeted, too")
    func nameless() throws {
        var values = try sample()
        values.userName = " \r\n"
        let letter = try LetterTemplates().render(kind: .happy, values: values)
        #expect(letter.text.hasPrefix("Hello,\n"))
        #expect(letter.html.contains("Hello,"))
    }

    @Test(
        "Money is written with its currency's decimal places",
        arguments: [
            (0, "USD", "0.00 USD"), (5, "USD", "0.05 USD"), (123_456_789, "USD", "1,234,567.89 USD"), (1_000, "JPY", "1,000 JPY"),
            (1_234, "KWD", "1.234 KWD"),
            (-19_999, "EUR", "-199.99 EUR"), (Int64.min, "JPY", "-9,223,372,036,854,775,808 JPY"), (99_999, "USD", "999.99 USD"),
        ]
    )
    func money(amount: Int64, code: String, expected: String) throws {
        var values = try sample()
        values.amount = Money(amount: amount, currency: try #require(Currency(rawValue: code)))
        #expect(try LetterTemplates().render(kind: .happy, values: values).text.contains("Amount: \(expected)\n"))
    }

    @Test("Every reason has words of its own")
    func reasons() throws {
        let templates = try LetterTemplates()
        let texts = try RejectionReason.allCases.map { reason in
            var values = try sample()
            values.reason = reason
            return try templates.render(kind: .sad, values: values).text
        }
        #expect(Set(texts).count == RejectionReason.allCases.count)
        #expect(!texts.contains { $0.contains("_") })
    }

    @Test(
        "A letter without what it is about is not written",
        arguments: [
            (MessageKind.happy, "order_id"), (.refund, "order_id"), (.sad, "order_id"), (.direct, "subject"),
        ]
    )
    func missingValue(kind: MessageKind, name: String) throws {
        let templates = try LetterTemplates()
        #expect(throws: LetterTemplateError.missingValue(kind, name: name)) {
            try templates.render(kind: kind, values: LetterValues(userName: "Ada"))
        }
    }

    @Test("An operator's own templates are used")
    func ownTemplates() throws {
        try withTemplates { directory in
            try Data("Yes & {{user_name}}!\n".utf8).write(to: directory.appendingPathComponent("happy.subject.mustache"))
            var values = try sample()
            values.userName = "<A>"
            #expect(try LetterTemplates(directory: directory).render(kind: .happy, values: values).subject == "Yes & <A>!")
        }
    }

    @Test(
        "A broken template stops the start, and the error names the file",
        arguments: [
            (nil, "there is no such file"), ("\u{FFFE}bytes", "not UTF-8"), ("line 1\n{{user_name", "malformed in line 2"),
            ("{{#amount}}x", "malformed"),
            ("{{#amount}}{{/reason}}", "malformed"), ("{{usr_name}}", "unknown name {{usr_name}}"),
            ("{{#amount}}{{amuont}}{{/amount}}", "{{amuont}}"),
            ("{{^amount}}{{amuont}}{{/amount}}", "{{amuont}}"), ("{{> sad.txt}}", "not supported"), ("{{=<% %>=}}", "not supported"),
            ("{{% CONTENT_TYPE:HTML}}", "not supported"), ("{{<layout}}{{/layout}}", "not supported"), ("{{}}", "malformed"),
            ("{{", "malformed"),
            ("{{{", "malformed"), ("{{#", "malformed"), ("{{&", "malformed"),
        ]
    )
    func broken(text: String?, expected: String) throws {
        try withTemplates { directory in
            let file = directory.appendingPathComponent("happy.txt.mustache")
            try FileManager.default.removeItem(at: file)
            if let text { try (text.hasPrefix("\u{FFFE}") ? Data([0xFF, 0xFE]) : Data(text.utf8)).write(to: file) }
            let error = #expect(throws: LetterTemplateError.self) { try LetterTemplates(directory: directory) }
            let description = try #require(error?.description)
            #expect(description.contains("happy.txt.mustache"))
            #expect(description.contains(expected))
        }
    }

    @Test("The layout cannot include itself")
    func recursiveLayout() throws {
        try withTemplates { directory in
            try Data("{{> layout}}".utf8).write(to: directory.appendingPathComponent("layout.html.mustache"))
            #expect(throws: LetterTemplateError.unsupported(file: "layout.html.mustache", tag: "> layout")) {
                try LetterTemplates(directory: directory)
            }
        }
    }
}

private func sample() throws -> LetterValues {
    LetterValues(
        userName: "Ada",
        orderID: OrderID(uuid: try #require(UUID(uuidString: "019aa5b2-7c00-7000-8000-000000000001"))),
        amount: Money(amount: 19_999, currency: .usd),
        reason: .insufficientFunds,
        subject: "Hello",
        body: "first line\nsecond line"
    )
}

/// A directory with a copy of the service's templates, removed afterwards.
private func withTemplates(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("templates-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: try LetterTemplates.bundledDirectory(), to: directory)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
}
