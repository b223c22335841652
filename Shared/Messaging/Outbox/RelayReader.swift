import EventContracts
import Kafka
import Postgres

/// Reads the next events of the outbox in the order in which they have to be published.
struct RelayReader {
    /// What one read found.
    struct Batch {
        let ids: [Int64]
        let records: [KafkaRecord]
        let isFull: Bool
    }

    let lease: RelayLease
    let maximumEvents: Int
    /// How long a position may lie unwritten: so many commits are saved, and so much is repeated after a crash.
    let positionDelay: Duration
    private(set) var known: MissingEvents
    /// The position that was last written, to write only what changed.
    private var writtenPosition: Int64
    private var positionWrite: ContinuousClock.Instant?
    /// None yet: the first read renews, since the term may have run out while its producer was made.
    private var lastRenewal: ContinuousClock.Instant?

    init(lease: RelayLease, term: RelayLease.Term, maximumEvents: Int, positionDelay: Duration = .zero) {
        self.lease = lease
        self.positionDelay = positionDelay
        self.maximumEvents = maximumEvents
        known = MissingEvents(after: term.position)
        writtenPosition = term.position
    }

    /// How long the next read may wait for events; then it has to write the position. `nil` if there is nothing to write.
    var positionIsDueIn: Duration? {
        guard known.position != writtenPosition else { return nil }
        return positionWrite.map { max(.zero, ContinuousClock.now.duration(to: $0 + positionDelay)) } ?? .zero
    }

    /// One round trip: renews the lease and moves the position to what was published (everything that earlier reads returned), when either
    /// is due, then reads.
    ///
    /// - Throws: `LeadershipLost` when the lease belongs to someone else by now; `PostgresError`.
    mutating func next(epoch: Int64, from postgres: PostgresPool) async throws -> Batch {
        let position = known.position
        let isDue = lastRenewal.map { $0.duration(to: .now) >= lease.duration / 3 } ?? true
        let renews = isDue || positionIsDueIn == .zero
        let missing = known.missingIDs
        let needsBound = known.needsBound
        let (highest, maximum) = (known.highestSeen, maximumEvents)
        var statements: [SQL] = []
        if renews { statements.append(lease.renewal(epoch: epoch, position: position)) }
        if needsBound { statements.append("SELECT pg_current_xact_id()::text::bigint") }
        statements.append("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        statements.append(Self.read(after: highest, missing: missing, maximum: maximum))

        // The statements are run in this order, none on an older snapshot than the one before it, which is what MissingEvents rests on.
        var results = try await postgres.query(statements)[...]
        if renews {
            guard results.removeFirst().count == 1 else { throw LeadershipLost() }
            if position != writtenPosition { positionWrite = .now }
            writtenPosition = position
            lastRenewal = .now
        }
        if needsBound { known.note(bound: UInt64(try results.removeFirst().decode(Int64.self)[0])) }
        let xmin = UInt64(try results.removeFirst().decode(Int64.self)[0])
        let rows = results.removeFirst()
        let batch = try Self.batch(rows, maximum: maximum)
        known.observe(batch.ids, xmin: xmin)
        return batch
    }

    /// Missing ids lie below `highest`, so the two parts follow each other in id order.
    private static func read(after highest: Int64, missing: [Int64], maximum: Int) -> SQL {
        let columns =
            "id, event_id::text, topic, type, key, source, time, subject, data_schema, correlation_id, causation_id, traceparent, payload"
        return """
            (SELECT \(unescaped: columns) FROM messaging.events WHERE id = ANY(\(missing)) ORDER BY id)
            UNION ALL
            (SELECT \(unescaped: columns) FROM messaging.events WHERE id > \(highest) ORDER BY id LIMIT \(Int64(maximum)))
            """
    }

    private static func batch(_ rows: PostgresRows, maximum: Int) throws -> Batch {
        var ids: [Int64] = []
        var records: [KafkaRecord] = []
        ids.reserveCapacity(rows.count)
        records.reserveCapacity(rows.count)
        for row in rows {
            let (id, event, topic, type, key, source, time, subject, schema, correlation, causation, trace, payload) = try row.decode(
                Int64.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String.self,
                String?.self,
                String?.self,
                String.self
            )
            ids.append(id)
            let headers: [(String, String?)] = [
                (EventHeaderName.specVersion, "1.0"), (EventHeaderName.id, event), (EventHeaderName.source, source),
                (EventHeaderName.type, type), (EventHeaderName.time, time), (EventHeaderName.subject, subject),
                (EventHeaderName.dataSchema, schema), (EventHeaderName.partitionKey, key), (EventHeaderName.correlationID, correlation),
                (EventHeaderName.causationID, causation), (EventHeaderName.traceParent, trace),
                (EventHeaderName.contentType, "application/json"),
            ]
            records.append(
                KafkaRecord(
                    topic: topic,
                    key: Array(key.utf8),
                    value: Array(payload.utf8),
                    headers: headers.compactMap { name, value in value.map { KafkaHeader(name: name, value: Array($0.utf8)) } }
                )
            )
        }
        return Batch(ids: ids, records: records, isFull: rows.count >= maximum)
    }
}

/// The lease of the relay went to another process.
struct LeadershipLost: Error {}
