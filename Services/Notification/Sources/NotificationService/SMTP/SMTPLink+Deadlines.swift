import Logging
import NIOCore

/// Deadlines: one per connection, for whatever its session waits for, on one lazily moved timer.
extension SMTPClient {
    /// Sets the deadline anew if a reply came or the session waits for something else; otherwise a waiting peer gets no more time.
    func rearm(_ link: SMTPLink, replied: Bool) {
        let wait = link.session.wait
        guard link.channel != nil, replied || wait != link.waitingFor else { return }
        link.waitingFor = wait
        guard let duration = duration(of: wait) else { return }
        link.deadline = min(.now() + TimeAmount(duration), link.latestDeadline)
        startTimer(link)
    }

    /// Somebody is leaving: the reply that is due has to come within the grace time.
    func shortenDeadline(of link: SMTPLink) {
        link.deadline = min(link.deadline, .now() + TimeAmount(configuration.graceTimeout))
        startTimer(link)
    }

    private func duration(of wait: SMTPSession.Wait) -> Duration? {
        switch wait {
        case .command: configuration.commandTimeout
        case .message: configuration.messageTimeout
        case .idle: configuration.idleTimeout
        case .goodbye: configuration.graceTimeout
        case .nothing: nil
        }
    }

    private func startTimer(_ link: SMTPLink) {
        guard links[link.id] != nil, link.timer == nil || link.deadline < link.timerDue else { return }
        link.timer?.cancel()
        let id = link.id
        link.timerDue = link.deadline
        link.timer = eventLoop.scheduleTask(deadline: link.deadline) { self.assumeIsolated { $0.timerFired(id) } }
    }

    private func timerFired(_ id: UInt64) {
        guard let link = links[id] else { return }
        link.timer = nil
        guard link.deadline <= .now() else { return startTimer(link) }
        switch link.session.wait {
        case .idle: drain(link)
        case .command, .message, .goodbye:
            logger.info("the mail server did not reply in time", metadata: ["smtp.server": "\(configuration)"])
            perform(link.session.disconnected(.transient(code: nil, text: "the server did not reply in time")), on: link)
        case .nothing: break
        }
    }
}
