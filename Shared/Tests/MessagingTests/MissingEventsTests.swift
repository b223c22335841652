import Messaging
import Testing

struct MissingEventsTests {
    @Test func `Ids without gaps move the position`() {
        var known = MissingEvents(after: 10)
        known.observe([11, 12, 13], xmin: 100)
        #expect(known.position == 13)
        #expect(known.missing.isEmpty)
    }

    @Test func `A gap holds the position until its event appears`() {
        var known = MissingEvents(after: 0)
        known.observe([1, 3], xmin: 100)
        #expect(known.position == 1)
        #expect(known.missingIDs == [2])
        #expect(known.needsBound)
        known.observe([2, 4], xmin: 100)
        #expect(known.position == 4)
    }

    @Test func `A gap is forgotten only when every writer that could fill it is over`() {
        var known = MissingEvents(after: 0)
        known.observe([2], xmin: 100)
        known.observe([], xmin: 1_000_000)
        #expect(known.missingIDs == [1], "without a bound nothing may be forgotten, however far xmin has moved")
        known.note(bound: 107)
        known.observe([], xmin: 106)
        #expect(known.missingIDs == [1], "transaction 106 may still fill it")
        known.observe([], xmin: 107)
        #expect(known.missingIDs.isEmpty)
        #expect(known.position == 2)
    }

    @Test func `A bound is noted once and never moved`() {
        var known = MissingEvents(after: 0)
        known.observe([2], xmin: 100)
        known.note(bound: 107)
        known.observe([4], xmin: 100)
        known.note(bound: 200)
        known.observe([], xmin: 107)
        #expect(known.missingIDs == [3])
    }

    @Test func `An event that appears in the last read before its gap would be forgotten is not lost`() {
        var known = MissingEvents(after: 0)
        known.observe([2], xmin: 100)
        known.note(bound: 101)
        known.observe([1], xmin: 101)
        #expect(known.position == 2)
        #expect(known.missing.isEmpty)
    }
}
