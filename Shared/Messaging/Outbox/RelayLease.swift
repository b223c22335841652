package import Postgres

/// Who relays: one row in Postgres with an owner, an expiry and an epoch that rises with every change of hands.
///
/// Every write of the leader names its epoch, so a leader that slept through the end of its lease changes nothing when it wakes (fencing).
/// What it published meanwhile are repeats, in order, of what its successor publishes too.
package struct RelayLease: Sendable {
    /// Told to the others when a leader lets go, so that one takes over at once.
    package static let channel = "messaging_relay"

    /// One period of leadership.
    package struct Term: Sendable, Equatable {
        /// The fencing token.
        package let epoch: Int64
        /// Every event up to this id was published.
        package let position: Int64
    }

    /// This process, unique among all that ever ran: a restarted process is another owner.
    package let owner: String
    /// How long leadership lasts without being renewed.
    package let duration: Duration

    package init(owner: String, duration: Duration) {
        self.owner = owner
        self.duration = duration
    }

    /// Takes the lease if nobody else holds it. A process that asks again (its term ended in an error) begins a new term.
    ///
    /// - Returns: The term that begins, or `nil` while another owner's lease runs.
    package func acquire(from postgres: PostgresPool) async throws -> Term? {
        let rows = try await postgres.query(
            """
            UPDATE messaging.relay
            SET owner = \(owner), epoch = epoch + 1, lease_expires_at = clock_timestamp() + \(duration.wholeMilliseconds) * interval '1 millisecond'
            WHERE owner IS NULL OR owner = \(owner) OR lease_expires_at < clock_timestamp()
            RETURNING epoch, position
            """
        )
        return try rows.first.map { row in
            let (epoch, position) = try row.decode(Int64.self, Int64.self)
            return Term(epoch: epoch, position: position)
        }
    }

    /// Renews the lease and, when given, moves the position, as one fenced write.
    ///
    /// - Returns: The statement; it changes one row, or none once the term is over.
    package func renewal(epoch: Int64, position: Int64) -> SQL {
        """
        UPDATE messaging.relay
        SET lease_expires_at = clock_timestamp() + \(duration.wholeMilliseconds) * interval '1 millisecond',
            position = greatest(position, \(position)), updated_at = clock_timestamp()
        WHERE epoch = \(epoch) AND owner = \(owner)
        RETURNING epoch
        """
    }

    /// Lets go, so that a successor need not wait for the lease to run out.
    package func release(epoch: Int64, position: Int64, in postgres: PostgresPool) async throws {
        try await postgres.withTransaction { transaction in
            transaction.enqueue(
                """
                UPDATE messaging.relay
                SET owner = NULL, lease_expires_at = NULL, position = greatest(position, \(position)), updated_at = clock_timestamp()
                WHERE epoch = \(epoch) AND owner = \(owner)
                """
            )
            transaction.enqueue("SELECT pg_notify(\(Self.channel), '')")
        }
    }
}
