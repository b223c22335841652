import HTTPTypes
import Testing

@testable import ServiceRuntime

@Suite struct PreferenceTests {
    @Test(arguments: [
        (["wait=10"], Duration.seconds(10)),
        (["wait=0"], .zero),
        (["wait=30"], .seconds(30)),
        (["wait=31"], .seconds(30)),
        (["wait=99999999999999999999999"], .seconds(30)),
        (["Wait = 5"], .seconds(5)),
        (["wait=\"5\""], .seconds(5)),
        (["respond-async, wait=5"], .seconds(5)),
        (["return=minimal;foo=bar , wait=5; x=y, handling=lenient"], .seconds(5)),
        (["respond-async", "wait=7"], .seconds(7)),
        (["wait=3, wait=9"], .seconds(3)),
    ])
    func `A wish to wait is read, and cut to half a minute`(values: [String], expected: Duration) {
        #expect(Preference.wait(headers(values)) == expected)
    }

    @Test(arguments: [
        [], [""], ["wait"], ["wait="], ["wait=abc"], ["wait=-1"], ["wait=1.5"], ["wait=1s"], ["waits=5"], [","], ["respond-async"],
        ["wait=٣"],
    ])
    func `What is no such wish is ignored`(values: [String]) {
        #expect(Preference.wait(headers(values)) == nil)
    }

    @Test func `What was applied is said in seconds`() {
        #expect(Preference.applied(wait: .seconds(30)) == "wait=30")
    }

    private func headers(_ values: [String]) -> HTTPFields {
        var headers = HTTPFields()
        for value in values { headers.append(HTTPField(name: .prefer, value: value)) }
        return headers
    }
}
