import EventContracts
import Logging
import Messaging
import Metrics
import Postgres
import ServiceLifecycle

/// Sends what is queued, one mail after the other over a kept connection, outside any transaction.
///
/// The result of a mail and the claim of the next are one commit. Nothing is sent twice, except a mail whose sender died between the
/// server's acceptance and that commit; it has the same Message-ID both times.
package struct Mailer: Service {
    /// Limits on sending; every value is bounded.
    package struct Configuration: Sendable {
        /// The sender of every letter.
        package var from: Mailbox
        /// Attempts after which a message has failed.
        package var maximumAttempts: Int
        /// How old a message may become while the mail server cannot be reached.
        package var longestOutage = Duration.seconds(3 * 24 * 3600)
        /// The longest time that one attempt may take.
        package var sendTimeout = Duration.seconds(15)
        /// How long a claim lasts: longer than an attempt, with its grace period.
        package var lease = Duration.seconds(25)
        /// The pause after the first refusal; it doubles up to `longestPause`.
        package var firstPause = Duration.seconds(1)
        package var longestPause = Duration.seconds(300)
        /// How often to look without being woken.
        package var pollInterval = Duration.seconds(15)

        package init(from: Mailbox, maximumAttempts: Int) {
            self.from = from
            self.maximumAttempts = maximumAttempts
        }
    }

    /// What came of an attempt.
    private enum Outcome {
        case sent(Timestamp)
        case failed(String)
        case postponed(String, Duration)
    }

    let postgres: PostgresPool
    let messages: MessageStore
    let queue: MailQueue
    let outbox: Outbox
    let smtp: SMTPClient
    let wakeUp: Signal
    let configuration: Configuration
    let logger: Logger

    /// Sends until a graceful shutdown or cancellation; the mail on its way is finished and recorded.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var attempted: (Message, Outcome)?
            while !Task.isCancelled {
                do {
                    let next = try await step(recording: attempted, claims: true)
                    attempted = nil
                    if let next {
                        attempted = (next, await attempt(next))
                    } else {
                        await wakeUp.wait(for: try await untilNextDue())
                    }
                } catch {
                    if Task.isCancelled { break }
                    logger.warning("the mail queue cannot be reached", metadata: ["error": "\(error)"])
                    await wakeUp.wait(for: configuration.firstPause)
                }
            }
            await finish(attempted)
        }
        await Task { await smtp.close() }.value
    }

    /// Records an attempt and claims the next message, in one transaction.
    private func step(recording attempted: (Message, Outcome)?, claims: Bool) async throws -> Message? {
        try await postgres.withTransaction { transaction in
            var statements: [SQL] = []
            if let (message, outcome) = attempted { statements.append(record(outcome, of: message)) }
            if claims { statements.append(queue.claim(for: configuration.lease)) }
            var results = try await transaction.query(statements)[...]
            if let (message, outcome) = attempted, results.removeFirst().count == 1 {
                append(outcome, of: message, in: transaction)
            }
            return claims ? try messages.decode(results.removeFirst()).first : nil
        }
    }

    /// Runs outside the cancelled task: what was sent has to be recorded.
    private func finish(_ attempted: (Message, Outcome)?) async {
        guard let attempted else { return }
        await Task {
            do {
                _ = try await step(recording: attempted, claims: false)
            } catch {
                logger.error(
                    "the outcome of a mail could not be recorded; it may be sent again",
                    metadata: ["message_id": "\(attempted.0.id)", "error": "\(error)"]
                )
            }
        }.value
    }

    private func attempt(_ message: Message) async -> Outcome {
        // Not cancelled with the loop: a mail on its way is finished, within the time that it has.
        let sending = Task { await send(message) }
        let timer = TimerQueue.shared.set(.now + configuration.sendTimeout) { sending.cancel() }
        let result = await sending.value
        TimerQueue.shared.cancel(timer)
        switch result {
        case .success:
            MailMetrics.count("sent", kind: message.kind)
            return .sent(.now)
        case .failure(let error):
            let retries = mayTryAgain(message, after: error)
            MailMetrics.count(retries ? "postponed" : "failed", kind: message.kind)
            logger.warning(
                retries ? "a mail was refused for now" : "a mail was refused",
                metadata: ["message_id": "\(message.id)", "attempts": "\(message.attempts)", "error": "\(error)"]
            )
            guard retries else { return .failed(error.description) }
            let pause = min(configuration.longestPause, configuration.firstPause * (1 << min(max(message.attempts - 1, 0), 16)))
            return .postponed(error.description, pause)
        }
    }

    /// A server that cannot be reached says nothing about the mail: such attempts count against the mail's age, not against their limit.
    private func mayTryAgain(_ message: Message, after error: SMTPError) -> Bool {
        if case .transient(code: nil, _) = error {
            return Timestamp.now - message.createdAt < configuration.longestOutage
        }
        return error.isRetriable && message.attempts < configuration.maximumAttempts
    }

    private func send(_ message: Message) async -> Result<Void, SMTPError> {
        let envelope: SMTPEnvelope
        do {
            guard let to = SMTPAddress(message.recipient) else { return .failure(.permanent(code: nil, text: "no such address")) }
            let letter = Letter(
                id: message.id,
                from: configuration.from,
                to: Mailbox(userName: message.recipientName, address: to),
                subject: message.subject,
                text: message.body,
                html: message.html,
                headers: message.orderID.map { [Letter.Header("X-Order-Id", $0.description)] } ?? [],
                date: message.createdAt
            )
            envelope = SMTPEnvelope(from: configuration.from.address, to: to, data: try MIMEComposer.compose(letter))
        } catch {
            return .failure(.permanent(code: nil, text: "\(error)"))
        }
        // Cancelled, the client says within its grace period what it knows.
        return await smtp.send([envelope])[0]
    }

    private func record(_ outcome: Outcome, of message: Message) -> SQL {
        switch outcome {
        case .sent(let time): queue.sent(message.id, at: time)
        case .failed(let error): queue.failed(message.id, error: error)
        case .postponed(let error, let pause): queue.postponed(message.id, error: error, pause: pause)
        }
    }

    private func append(_ outcome: Outcome, of message: Message, in transaction: borrowing Transaction) {
        let cause = Cause(id: message.cause.id, trace: message.cause.trace?.child())
        switch outcome {
        case .sent:
            outbox.append(
                MessageSent(messageID: message.id, orderID: message.orderID, userID: message.userID, kind: message.kind),
                causedBy: cause,
                in: transaction
            )
        case .failed:
            outbox.append(
                MessageFailed(messageID: message.id, orderID: message.orderID, userID: message.userID, kind: message.kind),
                causedBy: cause,
                in: transaction
            )
        case .postponed:
            break
        }
    }

    private func untilNextDue() async throws -> Duration {
        guard let milliseconds = try await postgres.query(queue.untilNextDue).decode(Int64?.self)[0] else {
            return configuration.pollInterval
        }
        return min(configuration.pollInterval, .milliseconds(max(milliseconds, 1)))
    }
}

/// The metrics of this service's own.
enum MailMetrics {
    static func count(_ outcome: String, kind: MessageKind) {
        Counter(label: "mails_total", dimensions: [("kind", kind.rawValue), ("outcome", outcome)]).increment()
    }
}
