import Foundation
import Synchronization

/// What the mail server of this world has received, in a Maildir.
final class Mailbox: Sendable {
    let port: Int
    private let folder: URL
    private let process: ProcessHandle
    private let known = Mutex<[String: Mail]>([:])

    init(in folder: URL, port: Int) throws {
        self.port = port
        self.folder = folder.appending(path: "mail")
        process = try ProcessHandle(
            Environment.mailSinkCommand + ["--port", "\(port)", "--maildir", self.folder.path],
            environment: Environment.inherited,
            log: folder.appending(path: "sink.log")
        )
    }

    func stop() async { await process.stop() }

    /// Every mail so far. Files are complete when they appear, and each is read once.
    func mails() throws -> [Mail] {
        let new = folder.appending(path: "new")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: new.path)) ?? []
        let unread = known.withLock { known in names.filter { known[$0] == nil } }
        for name in unread {
            let mail = Mail(try Data(contentsOf: new.appending(path: name)))
            known.withLock { $0[name] = mail }
        }
        return known.withLock { Array($0.values) }
    }

    /// The mails about each order.
    func mailsByOrder() throws -> [String: [Mail]] {
        Dictionary(grouping: try mails().filter { $0["X-Order-Id"] != nil }) { $0["X-Order-Id"] ?? "" }
    }

    /// The mails about one order.
    func mails(aboutOrder order: String) throws -> [Mail] {
        try mails().filter { $0["X-Order-Id"] == order }
    }
}

/// A mail as the server got it.
struct Mail: Sendable, Equatable {
    /// In their order; names in lower case, folded lines joined.
    let headers: [(name: String, value: String)]
    /// Everything after the headers, encoded as it was sent.
    let content: String

    init(_ data: Data) {
        let text = String(decoding: data, as: UTF8.self).replacing("\r\n", with: "\n")
        let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        var headers: [(name: String, value: String)] = []
        for line in parts[0].split(separator: "\n") {
            if line.first == " " || line.first == "\t", let last = headers.indices.last {
                headers[last].value += " " + line.drop { $0 == " " || $0 == "\t" }
            } else {
                let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                headers.append((pair[0].lowercased(), String((pair.count > 1 ? pair[1] : "").drop { $0 == " " })))
            }
        }
        self.headers = headers
        content = parts.count > 1 ? String(parts[1]) : ""
    }

    /// The first header of that name, in any case.
    subscript(name: String) -> String? {
        headers.first { $0.name == name.lowercased() }?.value
    }

    /// What names this very mail.
    var messageID: String { self["Message-ID"] ?? "" }

    static func == (left: Mail, right: Mail) -> Bool {
        left.content == right.content && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }
}
