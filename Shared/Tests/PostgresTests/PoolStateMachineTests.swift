import Testing

@testable import Postgres

/// Every event in every state of the pool, without a server.
@Suite struct PoolStateMachineTests {
    private typealias Machine = PoolStateMachine<String, Int, Int>

    private func machine(connections: Int = 2, waiters: Int = 2) -> Machine {
        Machine(maximumConnections: connections, maximumWaiters: waiters)
    }

    /// A pool of one connection, which is lent.
    private func exhausted() -> Machine {
        var machine = machine(connections: 1)
        _ = machine.acquire()
        _ = machine.opened()
        return machine
    }

    private func name(_ acquisition: Machine.Acquisition) -> String {
        switch acquisition {
        case .granted(.connection(let connection)): connection
        case .granted(.opening): "open"
        case .busy: "busy"
        case .refused(let code): "\(code)"
        }
    }

    private func name(_ enqueueing: Machine.Enqueueing) -> String {
        switch enqueueing {
        case .granted(.connection(let connection)): connection
        case .granted(.opening): "open"
        case .queued(let timer): "queued \(timer.map(String.init) ?? "-")"
        case .refused(let code): "\(code)"
        }
    }

    private func name(_ result: Machine.Return) -> String {
        switch result {
        case .kept: "kept"
        case .hand(let connection, let waiter): "\(connection) to \(waiter)"
        case .close(let connection, let finished): "close \(connection), tell \(finished)"
        }
    }

    private func name(_ loss: Machine.Loss) -> String {
        switch loss {
        case .nothing: "nothing"
        case .grant(let waiter): "open \(waiter)"
        case .closed(let closers): "tell \(closers)"
        }
    }

    private func name(_ failure: Machine.OpeningFailed) -> String {
        switch failure {
        case .nothing: "nothing"
        case .grant(let waiter): "open \(waiter)"
        case .fail(let waiters): "fail \(waiters)"
        case .closed(let closers): "tell \(closers)"
        }
    }

    @Test("Connections are opened up to the limit, then callers wait")
    func limit() {
        var machine = machine()
        #expect(name(machine.acquire()) == "open")
        #expect(name(machine.acquire()) == "open")
        #expect(name(machine.acquire()) == "busy")
        #expect(machine.opening == 2)
        #expect(machine.opened() == .use)
        #expect(name(machine.acquire()) == "busy")
        #expect(machine.lent == 1)
    }

    @Test("The connection used last is lent first")
    func lastInFirstOut() {
        var machine = machine()
        for _ in 0..<2 { _ = machine.acquire() }
        for _ in 0..<2 { _ = machine.opened() }
        #expect(name(machine.giveBack("a")) == "kept")
        #expect(name(machine.giveBack("b")) == "kept")
        #expect(machine.idleCount == 2)
        #expect(name(machine.acquire()) == "b")
        #expect(name(machine.acquire()) == "a")
    }

    @Test("Waiters are served in order, and nobody overtakes them")
    func order() {
        var machine = exhausted()
        #expect(name(machine.enqueue(1, id: 1, deadline: 10)) == "queued 10")
        #expect(name(machine.enqueue(2, id: 2, deadline: 20)) == "queued -")
        #expect(name(machine.giveBack("a")) == "a to 1")
        #expect(name(machine.acquire()) == "busy")
        #expect(name(machine.giveBack("a")) == "a to 2")
        #expect(name(machine.giveBack("a")) == "kept")
        #expect(machine.lent == 0)
    }

    @Test("Further waiters than the limit are refused")
    func tooManyWaiters() {
        var machine = exhausted()
        _ = machine.enqueue(1, id: 1, deadline: 10)
        _ = machine.enqueue(2, id: 2, deadline: 10)
        #expect(name(machine.acquire()) == "pool_exhausted")
        #expect(name(machine.enqueue(3, id: 3, deadline: 10)) == "pool_exhausted")
        #expect(machine.waitingCount == 2)
    }

    @Test("What came free between asking and waiting is granted")
    func freedMeanwhile() {
        var machine = exhausted()
        #expect(name(machine.acquire()) == "busy")
        #expect(name(machine.giveBack("a")) == "kept")
        #expect(name(machine.enqueue(1, id: 1, deadline: 10)) == "a")
        #expect(name(machine.lost()) == "nothing")
        #expect(name(machine.enqueue(2, id: 2, deadline: 10)) == "open")
    }

    @Test("A waiter is answered once: cancelled, expired or served")
    func answeredOnce() {
        var machine = exhausted()
        _ = machine.enqueue(1, id: 1, deadline: 10)
        _ = machine.enqueue(2, id: 2, deadline: 20)
        #expect(machine.cancel(id: 1) == 1)
        #expect(machine.cancel(id: 1) == nil)
        #expect(name(machine.giveBack("a")) == "a to 2")
        #expect(machine.cancel(id: 2) == nil)
        #expect(machine.expire(now: 100).expired == [])
    }

    @Test("Those who waited too long are told, and the timer is set for the next")
    func expiry() {
        var machine = exhausted()
        _ = machine.enqueue(1, id: 1, deadline: 10)
        _ = machine.enqueue(2, id: 2, deadline: 20)
        var result = machine.expire(now: 10)
        #expect(result.expired == [1])
        #expect(result.timer == 20)
        #expect(name(machine.enqueue(3, id: 3, deadline: 30)) == "queued -")
        result = machine.expire(now: 30)
        #expect(result.expired == [2, 3])
        #expect(result.timer == nil)
        #expect(name(machine.enqueue(4, id: 4, deadline: 40)) == "queued 40")
    }

    @Test("A lost connection lets the next waiter open another")
    func lostConnection() {
        var machine = exhausted()
        _ = machine.enqueue(1, id: 1, deadline: 10)
        #expect(name(machine.lost()) == "open 1")
        #expect(machine.opening == 1)
        #expect(machine.lent == 0)
        #expect(name(machine.acquire()) == "busy")
        #expect(machine.opened() == .use)
    }

    @Test("A dead idle connection is replaced within the limit")
    func replace() {
        var machine = exhausted()
        machine.replace()
        #expect(machine.opening == 1)
        #expect(machine.lent == 0)
        #expect(name(machine.acquire()) == "busy")
    }

    @Test("When the server is away, nobody goes on waiting for it")
    func serverIsAway() {
        var machine = machine(connections: 1)
        _ = machine.acquire()
        _ = machine.enqueue(1, id: 1, deadline: 10)
        _ = machine.enqueue(2, id: 2, deadline: 10)
        #expect(name(machine.openingFailed(serverIsAway: true)) == "fail [1, 2]")
        #expect(machine.waitingCount == 0)
        #expect(name(machine.acquire()) == "open")
    }

    @Test("When one opening failed, waiters wait for the other connections, or else the next one tries")
    func openingFailed() {
        var machine = machine(connections: 2)
        _ = machine.acquire()
        _ = machine.opened()
        _ = machine.acquire()
        _ = machine.enqueue(1, id: 1, deadline: 10)
        #expect(name(machine.openingFailed(serverIsAway: false)) == "nothing")
        #expect(name(machine.giveBack("a")) == "a to 1")

        var lonely = self.machine(connections: 1)
        _ = lonely.acquire()
        _ = lonely.enqueue(1, id: 1, deadline: 10)
        #expect(name(lonely.openingFailed(serverIsAway: false)) == "open 1")
        #expect(name(lonely.openingFailed(serverIsAway: false)) == "nothing")
        #expect(lonely.opening == 0)
    }

    @Test("A closed pool refuses callers, dismisses waiters and idle connections, and tells when the last one is back")
    func close() {
        var machine = machine(connections: 3)
        for _ in 0..<3 { _ = machine.acquire() }
        for _ in 0..<2 { _ = machine.opened() }
        _ = machine.enqueue(1, id: 1, deadline: 10)
        #expect(machine.close().waiting == [1])
        #expect(name(machine.acquire()) == "pool_closed")
        #expect(name(machine.enqueue(2, id: 2, deadline: 10)) == "pool_closed")
        #expect(machine.awaitDrained(7) == false)
        #expect(name(machine.giveBack("a")) == "close a, tell []")
        #expect(name(machine.lost()) == "tell []")
        #expect(machine.opened() == .close)
        #expect(name(machine.lost()) == "tell [7]")
        #expect(machine.awaitDrained(8) == true)
    }

    @Test("Closing twice is closing once; an opening that fails meanwhile counts as back")
    func closeTwice() {
        var machine = machine()
        _ = machine.acquire()
        _ = machine.opened()
        _ = machine.giveBack("a")
        _ = machine.acquire()
        _ = machine.acquire()
        #expect(machine.close().idle == [])
        #expect(machine.close().idle == [])
        #expect(name(machine.giveBack("a")) == "close a, tell []")
        #expect(machine.awaitDrained(7) == false)
        #expect(name(machine.openingFailed(serverIsAway: true)) == "tell [7]")
    }

    @Test("Idle connections are handed out to be closed, and whoever waits for the end can be dismissed")
    func abandon() {
        var machine = machine()
        for _ in 0..<2 { _ = machine.acquire() }
        for _ in 0..<2 { _ = machine.opened() }
        _ = machine.giveBack("a")
        #expect(machine.close().idle == ["a"])
        #expect(machine.awaitDrained(7) == false)
        #expect(machine.abandonDraining() == [7])
        #expect(name(machine.giveBack("b")) == "close b, tell []")
    }
}
