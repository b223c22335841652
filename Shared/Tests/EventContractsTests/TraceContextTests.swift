import EventContracts
import Testing

@Suite("Trace context")
struct TraceContextTests {
    @Test("A header is read and written")
    func readsAndWrites() throws {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let context = try #require(TraceContext(traceparent: text))
        #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.spanID == "b7ad6b7169203331")
        #expect(context.sampled)
        #expect(context.description == text)
        #expect(TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")?.sampled == false)
    }

    @Test(
        "Later versions are read as far as this one goes, and written as this one",
        arguments: [
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be",
        ]
    )
    func readsLaterVersions(text: String) {
        #expect(TraceContext(traceparent: text)?.description == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    }

    @Test(
        "What the specification calls invalid is refused",
        arguments: [
            "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01", "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c8031-9cb7ad6b7169203331-01", "0-00af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        ]
    )
    func refuses(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test("A child goes on with the trace in a span of its own")
    func makesChildren() {
        let parent = TraceContext.make()
        let child = parent.child()
        #expect(parent.sampled)
        #expect(child.traceID == parent.traceID)
        #expect(child.spanID != parent.spanID)
        #expect(child.sampled)
        #expect(TraceContext(traceparent: child.description) == child)
        #expect(TraceContext.make().traceID != parent.traceID)
    }
}
