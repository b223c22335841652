package import Logging
package import NIOCore
import NIOPosix

/// Sends mails over one kept connection to a mail server.
///
/// Any number of tasks may send at once: their mails queue in order of arrival and are pipelined where the server allows it. A connection
/// is made by the first mail and kept until it was idle for `SMTPConfiguration.idleTimeout`. If a kept connection turns out to be dead, the
/// mails of which nothing but their announcement was sent go to a new one, once; a mail whose final dot was sent is never sent again by the
/// client.
///
/// The actor runs on an event loop, so nothing blocks the cooperative pool, and its state is touched only there. Every send ends: each wait
/// has a deadline, and a cancelled task gets its results at once, or, for a mail whose final dot was sent, within `graceTimeout`.
package actor SMTPClient {
    /// As given to `init`.
    package nonisolated let configuration: SMTPConfiguration
    nonisolated let eventLoop: any EventLoop
    let logger: Logger

    /// The connection for new mails.
    var current: SMTPLink?
    /// Every connection that is not closed yet.
    var links: [UInt64: SMTPLink] = [:]
    var deliveries: [UInt64: Delivery] = [:]
    var closeWaiters: [CheckedContinuation<Void, Never>] = []
    private var batches: [UInt64: SMTPBatch] = [:]
    private var lastID: UInt64 = 0
    private var isClosed = false

    struct Delivery {
        let batch: SMTPBatch
        let index: Int
    }

    /// The event loop runs the actor.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe eventLoop.executor.asUnownedSerialExecutor() }

    /// Makes a client; nothing is connected before the first mail.
    package init(configuration: SMTPConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger) {
        self.configuration = configuration
        self.eventLoop = group.next()
        self.logger = logger
    }

    /// Sends one mail and returns when the server has taken it.
    ///
    /// - Throws: `SMTPError`, which says whether to try again.
    package nonisolated func send(_ envelope: SMTPEnvelope) async throws(SMTPError) {
        if let result = await send([envelope]).first { try result.get() }
    }

    /// Sends mails in order over the one connection.
    ///
    /// - Returns: One result per mail, in the order of the mails. One mail's refusal does not stop the others.
    package nonisolated func send(_ envelopes: [SMTPEnvelope]) async -> [Result<Void, SMTPError>] {
        // Stuffed here, on the caller's executor: the event loop has better things to do.
        let messages = envelopes.map { SMTPMessage($0.data) }
        return await deliver(envelopes, messages)
    }

    /// Ends the client: mails that wait fail as transient, those under way are finished within `graceTimeout`, then QUIT. Idempotent.
    /// Returns when the connections are closed.
    package func close() async {
        isClosed = true
        for link in links.values { drain(link) }
        guard !links.isEmpty else { return }
        await withCheckedContinuation { closeWaiters.append($0) }
    }

    private func deliver(_ envelopes: [SMTPEnvelope], _ messages: [SMTPMessage]) async -> [Result<Void, SMTPError>] {
        guard !envelopes.isEmpty else { return [] }
        let batchID = nextID()
        let batch = SMTPBatch(count: envelopes.count)
        batches[batchID] = batch
        defer { batches[batchID] = nil }
        var mails: [SMTPSession.Mail] = []
        for (index, (envelope, message)) in zip(envelopes, messages).enumerated() {
            let id = nextID()
            guard !isClosed, deliveries.count < configuration.maximumQueuedMails else {
                batch.finish(index, .transient(code: nil, text: isClosed ? "the mail client was closed" : "too many mails wait to be sent"))
                continue
            }
            deliveries[id] = Delivery(batch: batch, index: index)
            batch.ids.insert(id)
            mails.append(SMTPSession.Mail(id: id, from: envelope.from, to: envelope.to, message: message))
        }
        submit(mails)
        return await withTaskCancellationHandler {
            await results(of: batch)
        } onCancel: {
            eventLoop.execute { self.assumeIsolated { $0.cancel(batchID) } }
        }
    }

    /// A method, and not a closure in `deliver`: a closure that does not capture `self` has no `#isolation`, and so
    /// `withCheckedContinuation` would leave the actor and race with it.
    private func results(of batch: SMTPBatch) async -> [Result<Void, SMTPError>] {
        await withCheckedContinuation { batch.await($0) }
    }

    private func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }

    private func cancel(_ batchID: UInt64) {
        guard let batch = batches[batchID] else { return }
        for link in links.values {
            if let id = link.session.deliveringID, batch.ids.contains(id) { shortenDeadline(of: link) }
            perform(link.session.cancel(batch.ids), on: link)
        }
    }

    func finish(_ id: UInt64, _ error: SMTPError?) {
        guard let delivery = deliveries.removeValue(forKey: id) else { return }
        delivery.batch.ids.remove(id)
        delivery.batch.finish(delivery.index, error)
    }

    /// Gives mails to the kept connection, or to a new one if it is ending.
    func submit(_ mails: [SMTPSession.Mail]) {
        for mail in mails {
            if let current, current.session.isAccepting {
                perform(current.session.submit(mail), on: current)
            } else {
                let link = SMTPLink(id: nextID(), session: SMTPSession(credentials: configuration.credentials))
                current = link
                links[link.id] = link
                perform(link.session.submit(mail), on: link)
                connect(link)
            }
        }
        if let channel = current?.channel { channel.flush() }
    }
}

/// The results of one `send`, until they are complete. Belongs to the client's actor.
final class SMTPBatch {
    /// The mails whose outcome is open.
    var ids: Set<UInt64> = []
    private var results: [Result<Void, SMTPError>?]
    private var open: Int
    private var continuation: CheckedContinuation<[Result<Void, SMTPError>], Never>?

    init(count: Int) {
        results = Array(repeating: nil, count: count)
        open = count
    }

    func finish(_ index: Int, _ error: SMTPError?) {
        guard results[index] == nil else { return }
        results[index] = error.map { .failure($0) } ?? .success(())
        open -= 1
        resumeIfComplete()
    }

    func await(_ continuation: CheckedContinuation<[Result<Void, SMTPError>], Never>) {
        self.continuation = continuation
        resumeIfComplete()
    }

    private func resumeIfComplete() {
        guard open == 0, let continuation else { return }
        self.continuation = nil
        continuation.resume(returning: results.compactMap { $0 })
    }
}
