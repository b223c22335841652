import EventContracts
import JSON
import Logging
import Testing

@testable import ServiceRuntime

@Suite struct LogTests {
    private struct Failure: Error, CustomDebugStringConvertible {
        let debugDescription = "everything about it"
    }

    private func lines(level: Logger.Level = .trace, _ body: (Logger) -> Void) -> [String] {
        let lines = Lines()
        body(
            Logger(label: "part") { label in
                JSONLogHandler(service: "order", label: label, level: level) { lines.append(String(decoding: $0, as: UTF8.self)) }
            }
        )
        return lines.all
    }

    private func parsed(_ line: String) throws -> JSONObject {
        try #require(JSONValue(parsing: Array(line.dropLast().utf8)).objectValue)
    }

    @Test func `An entry is one line of JSON with its time first`() throws {
        let all = lines {
            $0.info("The order was placed", metadata: ["order_id": "o1", "items": .stringConvertible(3), "fast": .stringConvertible(true)])
        }
        let line = try #require(all.first)
        #expect(all.count == 1)
        #expect(line.hasSuffix("}\n"))
        let entry = try parsed(line)
        #expect(entry.keys == ["time", "level", "service", "logger", "message", "fast", "items", "order_id"])
        let time = try #require(entry["time"]?.stringValue)
        #expect(Timestamp(rfc3339: time) != nil && time.utf8.count == 24)
        #expect(entry["level"] == "info")
        #expect(entry["service"] == "order")
        #expect(entry["logger"] == "part")
        #expect(entry["message"] == "The order was placed")
        #expect(entry["items"] == 3)
        #expect(entry["fast"] == true)
    }

    @Test func `Control characters cannot forge a line`() throws {
        let all = lines { $0.info("a\nb\u{0}\u{1b}[31m", metadata: ["name": "x\r\n{\"level\":\"error\"}\u{7f}"]) }
        let line = try #require(all.first)
        #expect(line.dropLast().unicodeScalars.allSatisfy { $0.value >= 0x20 })
        #expect(try parsed(line)["name"] == "x\r\n{\"level\":\"error\"}\u{7f}")
    }

    @Test func `Metadata cannot take the place of the entry's own members`() throws {
        let all = lines { $0.info("m", metadata: ["level": "fake", "time": "fake"]) }
        let entry = try parsed(try #require(all.first))
        #expect(entry["level"] == "info")
        #expect(entry["level_"] == "fake")
    }

    @Test func `Lists and dictionaries stay what they are`() throws {
        let all = lines { $0.info("m", metadata: ["list": ["a", ["b": "c"]]]) }
        #expect(try parsed(try #require(all.first))["list"] == ["a", ["b": "c"]])
    }

    @Test func `An error is logged whole`() throws {
        let all = lines { $0.error("It failed", error: Failure()) }
        #expect(try parsed(try #require(all.first))["error"] == "everything about it")
    }

    @Test func `Long texts are cut`() throws {
        let all = lines { $0.info("m", metadata: ["body": "\(String(repeating: "x", count: 1_000_000))"]) }
        #expect(try #require(all.first).utf8.count < 10_000)
    }

    @Test func `Levels below the least one are not written`() {
        let all = lines(level: .warning) { logger in
            logger.info("no")
            logger.warning("yes")
        }
        #expect(all.count == 1)
    }

    @Test func `The request of the running task is in every entry`() throws {
        let scope = RequestScope(requestID: "r1", trace: .make())
        let all = RequestScope.$current.withValue(scope) { lines { $0.info("m") } }
        let entry = try parsed(try #require(all.first))
        #expect(entry["request_id"] == "r1")
        #expect(entry["trace_id"]?.stringValue == scope.trace.traceID)
    }
}
