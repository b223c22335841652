package import EventContracts
import Kafka
package import Postgres

/// Where an operator looks at what was given up, repairs it, has it tried again, or gives it up for good.
///
/// Order is kept: a letter that is resubmitted goes back to its own place, before the followers that have waited behind it. What is done is
/// written down with who did it, in the same transaction. A letter that dies again and again is refused (``HospitalRefusal/resubmittedTooOften(_:)``):
/// trying the same once more is no repair.
package struct MessageHospital: Sendable {
    /// Resubmissions of a letter, unedited. An edited copy starts anew.
    package static let maximumResubmissions = 5
    /// Tells the retries of other processes that there is something to try.
    package static let channel = "messaging_retries"
    /// Letters that one bulk resubmission looks at, to the next hundred.
    package static let maximumBulk = 10_000

    private let router: EventRouter
    private let parked: ParkedSequences
    private let queries: DeadLetterQueries
    private let wakeUp: Signal

    /// - Parameters:
    ///   - router: Tells whether a record can be read, and so whether trying it makes sense.
    ///   - wakeUp: The signal of the retries.
    package init(router: EventRouter, parked: ParkedSequences, wakeUp: Signal) {
        self.router = router
        self.parked = parked
        self.wakeUp = wakeUp
        queries = DeadLetterQueries(group: parked.group)
    }

    /// Who acts, for the audit.
    package struct Operator: Sendable {
        package let name: String
        package let requestID: String?

        package init(name: String, requestID: String?) {
            self.name = name
            self.requestID = requestID
        }
    }
}

/// Why an operator's wish was not done. Nothing was changed.
package enum HospitalRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case noSuchLetter
    /// It is not dead (any more).
    case notDead(DeadLetter.Status)
    /// It died again after every one of so many resubmissions.
    case resubmittedTooOften(Int)
    /// As it is, no handler could read it.
    case unreadable(String)
    /// The same event was handled, from another record.
    case handledAlready

    package var description: String {
        switch self {
        case .noSuchLetter: "there is no such dead letter"
        case .notDead(let status): "the letter is \(status.rawValue), not dead"
        case .resubmittedTooOften(let times): "the letter died again after each of \(times) resubmissions; edit or discard it"
        case .unreadable(let why): "no handler could read it: \(why)"
        case .handledAlready: "the same event was handled already, from another record"
        }
    }
}

// MARK: - Looking

extension MessageHospital {
    /// Letters, newest first.
    ///
    /// - Parameter last: The last one of the page before.
    package func list(
        _ filter: DeadLetterFilter,
        before last: (time: Timestamp, id: DeadLetterID)? = nil,
        limit: Int,
        from postgres: PostgresPool
    ) async throws -> (letters: [DeadLetter], groups: [DeadLetterGroup]) {
        let results = try await postgres.query([queries.list(filter, before: last, limit: limit), queries.groups(filter, limit: 50)])
        let groups = try results[1].decode(String.self, Int64.self, Timestamp.self, Timestamp.self).map {
            DeadLetterGroup(error: $0.0, count: $0.1, oldest: $0.2, newest: $0.3)
        }
        return (try DeadLetterQueries.decode(results[0]), groups)
    }

    /// One letter, and what was done about it.
    package func find(
        _ id: DeadLetterID,
        from postgres: PostgresPool
    ) async throws -> (letter: DeadLetter, history: [DeadLetterAction])? {
        let results = try await postgres.query([queries.find(id), queries.history(of: id)])
        guard let letter = try DeadLetterQueries.decode(results[0]).first else { return nil }
        let history = try results[1].decode(String.self, String.self, String?.self, Timestamp.self).map {
            DeadLetterAction(action: $0.0, operatorName: $0.1, requestID: $0.2, time: $0.3)
        }
        return (letter, history)
    }
}

// MARK: - Acting

extension MessageHospital {
    /// Has a letter tried again, at its own place.
    ///
    /// - Parameter delay: How long it has to wait for its turn.
    /// - Throws: ``HospitalRefusal``.
    package func retry(
        _ id: DeadLetterID,
        after delay: Duration = .zero,
        by operatorName: Operator,
        in transaction: borrowing Transaction
    ) async throws {
        let letter = try await take(id, in: transaction)
        if letter.resubmissions >= Self.maximumResubmissions { throw HospitalRefusal.resubmittedTooOften(letter.resubmissions) }
        let delivery = try readable(letter.record)
        if letter.place == nil {
            // Not the head of a sequence: nobody has taken its id yet, and another record may have brought the same event.
            let isNew = try await transaction.query(Inbox(group: parked.group).mark([delivery.id])).count == 1
            if !isNew { throw HospitalRefusal.handledAlready }
        }
        enqueue(letter, delivery, delay: delay, in: transaction)
        transaction.enqueue(
            """
            UPDATE messaging.dead_letters
            SET status = 'resubmitted', resubmissions = resubmissions + 1, event_id = \(delivery.id),
                event_type = \(router.routes[delivery.route].type.rawValue), sequence_key = \(delivery.sequence.key)
            WHERE id = \(id)
            """
        )
        note("resubmitted", letter.id, by: operatorName, in: transaction)
        wakeRetries(in: transaction)
    }

    /// Puts an edited copy in a letter's place. The copy is an event of its own (a new id), caused by the original, which stays for the audit.
    ///
    /// - Parameter payload: The whole payload, as JSON.
    /// - Returns: The copy. It is dead until it is resubmitted.
    /// - Throws: ``HospitalRefusal``.
    package func edit(
        _ id: DeadLetterID,
        payload: [UInt8],
        by operatorName: Operator,
        in transaction: borrowing Transaction
    ) async throws -> DeadLetter {
        let letter = try await take(id, in: transaction)
        let (copy, event) = (DeadLetterID(), EventID())
        var headers = letter.headers.filter { $0.name != EventHeaderName.id && $0.name != EventHeaderName.causationID }
        headers.append((EventHeaderName.id, Array(event.description.utf8)))
        let original = letter.headers.first { $0.name == EventHeaderName.id }?.value
        if let original { headers.append((EventHeaderName.causationID, original)) }
        let record = ConsumedRecord(
            topic: letter.topic,
            partition: letter.partition,
            offset: letter.offset,
            timestampMilliseconds: 0,
            key: letter.key,
            value: payload,
            headers: headers.map { KafkaHeader(name: $0.name, value: $0.value) }
        )
        let delivery = try readable(record)
        transaction.enqueue(
            """
            INSERT INTO messaging.dead_letters
                (id, consumer_group, topic, partition, record_offset, key, value, header_names, header_values, event_id, event_type,
                 attempts, error, first_failed_at, sequence_key, place, repairs)
            SELECT \(copy), consumer_group, topic, partition, record_offset, key, \(payload), \(headers.map(\.name)), \(headers.map(\.value)),
                \(event), \(router.routes[delivery.route].type.rawValue), attempts, error, first_failed_at, \(delivery.sequence.key), place, id
            FROM messaging.dead_letters WHERE id = \(id)
            """
        )
        transaction.enqueue("UPDATE messaging.dead_letters SET status = 'repaired' WHERE id = \(id)")
        note("edited", letter.id, by: operatorName, in: transaction)
        guard let made = try DeadLetterQueries.decode(try await transaction.query(queries.find(copy))).first else {
            throw HospitalRefusal.noSuchLetter
        }
        return made
    }

    /// Gives a letter up for good. Its followers go on.
    ///
    /// - Throws: ``HospitalRefusal``.
    package func discard(_ id: DeadLetterID, by operatorName: Operator, in transaction: borrowing Transaction) async throws {
        let letter = try await take(id, in: transaction)
        transaction.enqueue("UPDATE messaging.dead_letters SET status = 'discarded' WHERE id = \(id)")
        if letter.place != nil, let key = letter.sequenceKey {
            let sequence = EventSequence(topic: letter.topic, key: key)
            transaction.enqueue(letter.parkedBehind == 0 ? parked.unpark(sequence) : parked.next(sequence))
        }
        note("discarded", letter.id, by: operatorName, in: transaction)
        wakeRetries(in: transaction)
    }

    /// What a bulk resubmission did, or would do.
    package struct Bulk: Sendable {
        /// The letters that were (or would be) resubmitted, in their order.
        package var resubmitted: [DeadLetterID] = []
        /// Those that were refused, and why.
        package var refused: [(id: DeadLetterID, reason: HospitalRefusal)] = []
    }

    /// Has many letters tried again, the oldest first, spread over time. Each is a transaction of its own, so that no sequence is held for
    /// long; what was resubmitted before a failure stays so, and a repeat goes on with the rest.
    ///
    /// - Parameters:
    ///   - filter: Its status is not looked at: only dead letters can be resubmitted. Those that have died too often are left out.
    ///   - rate: Letters a second.
    ///   - isDryRun: Only tells which, as far as that can be told without trying.
    package func retryAll(
        _ filter: DeadLetterFilter,
        rate: Int,
        isDryRun: Bool,
        by operatorName: Operator,
        in postgres: PostgresPool
    ) async throws -> Bulk {
        precondition(rate > 0, "a rate is positive")
        var bulk = Bulk()
        var last: (time: Timestamp, id: DeadLetterID)?
        // Every turn goes on behind the one before, and what is refused counts too: bounded, whatever dies meanwhile.
        while bulk.resubmitted.count + bulk.refused.count < Self.maximumBulk {
            let page = try DeadLetterQueries.decode(try await postgres.query(queries.dead(filter, after: last, limit: 100)))
            guard let end = page.last else { break }
            last = (end.diedAt, end.id)
            for letter in page {
                do {
                    if isDryRun {
                        _ = try readable(letter.record)
                    } else {
                        let delay = Duration.milliseconds(bulk.resubmitted.count * 1000 / rate)
                        try await postgres.withTransaction { try await retry(letter.id, after: delay, by: operatorName, in: $0) }
                    }
                    bulk.resubmitted.append(letter.id)
                } catch let refusal as HospitalRefusal {
                    bulk.refused.append((letter.id, refusal))
                }
            }
        }
        return bulk
    }
}

// MARK: - Parts

extension MessageHospital {
    /// The letter, and its sequence, locked. The sequence comes first, as it does for the retries that bury its head.
    private func take(_ id: DeadLetterID, in transaction: borrowing Transaction) async throws -> DeadLetter {
        let results = try await transaction.query([
            """
            SELECT 1 FROM messaging.parked_sequences s
            WHERE (s.consumer_group, s.topic, s.key) IN (
                SELECT d.consumer_group, d.topic, d.sequence_key FROM messaging.dead_letters d
                WHERE d.consumer_group = \(parked.group) AND d.id = \(id))
            FOR UPDATE
            """,
            queries.locked(id),
        ])
        guard let letter = try DeadLetterQueries.decode(results[1]).first else { throw HospitalRefusal.noSuchLetter }
        guard letter.status == .dead else { throw HospitalRefusal.notDead(letter.status) }
        return letter
    }

    private func readable(_ record: ConsumedRecord) throws -> Delivery {
        switch Arrival(record, router: router) {
        case .delivery(let delivery): return delivery
        case .ignored: throw HospitalRefusal.unreadable("no handler is registered for its type")
        case .undecodable(_, let error): throw HospitalRefusal.unreadable("\(error)")
        }
    }

    /// Puts the event back where it was; one that never had a place goes behind what waits.
    private func enqueue(_ letter: DeadLetter, _ delivery: Delivery, delay: Duration, in transaction: borrowing Transaction) {
        let (record, sequence) = (delivery.record, delivery.sequence)
        let isHead = letter.place != nil
        transaction.enqueue(
            """
            INSERT INTO messaging.parked_sequences AS s (consumer_group, topic, key, state, attempts, next_attempt_at)
            VALUES (\(parked.group), \(sequence.topic), \(sequence.key), 'retrying', 0,
                now() + \(delay.wholeMilliseconds) * interval '1 millisecond')
            ON CONFLICT (consumer_group, topic, key) DO UPDATE
            SET state = 'retrying', gate = NULL, attempts = 0, last_error = NULL, parked_at = now(), next_attempt_at = excluded.next_attempt_at
            WHERE \(isHead) AND s.state = 'dead'
            """
        )
        let values = record.headers.map { String(decoding: $0.value, as: UTF8.self) }
        transaction.enqueue(
            """
            INSERT INTO messaging.parked_events
                (id, consumer_group, topic, key, event_id, partition, record_offset, value, header_names, header_values, dead_letter)
            OVERRIDING SYSTEM VALUE
            VALUES (coalesce(\(letter.place), nextval(pg_get_serial_sequence('messaging.parked_events', 'id'))),
                \(parked.group), \(sequence.topic), \(sequence.key), \(delivery.id), \(record.partition), \(record.offset),
                \(record.value ?? []), \(record.headers.map(\.name)), \(values), \(letter.id))
            """
        )
    }

    /// Those of this process and those of the others.
    private func wakeRetries(in transaction: borrowing Transaction) {
        transaction.enqueue("SELECT pg_notify(\(Self.channel), '')")
        transaction.onCommit { [wakeUp] in wakeUp.notify() }
    }

    private func note(_ action: String, _ id: DeadLetterID, by who: Operator, in transaction: borrowing Transaction) {
        transaction.enqueue(
            """
            INSERT INTO messaging.dead_letter_audit (dead_letter, action, operator, request_id)
            VALUES (\(id), \(action), \(who.name), \(who.requestID))
            """
        )
    }
}
