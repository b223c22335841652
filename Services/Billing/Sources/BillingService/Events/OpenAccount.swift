import EventContracts
import Messaging
import Postgres

/// Opens an account for everyone who registers, and lets in the orders that came before.
struct OpenAccount: EventHandler {
    let accounts: AccountStore
    let outbox: Outbox
    let parked: ParkedSequences

    func handle(_ registered: [EventEnvelope<UserRegistered>], in transaction: borrowing Transaction) async throws -> [WaitingEvent] {
        var ledger = try await accounts.lock(registered.map(\.event.userID), in: transaction)
        var opened: [EncodedEvent] = []
        for envelope in registered {
            let (user, currency) = (envelope.event.userID, envelope.event.currency)
            guard ledger.open(for: user, in: currency, at: .now) != nil else { continue }
            let cause = Cause(envelope)
            opened.append(EncodedEvent(AccountOpened(userID: user, currency: currency), causedBy: cause.id, trace: cause.trace))
        }
        accounts.save(ledger, in: transaction)
        outbox.append(opened, in: transaction)
        parked.open(registered.map { .account(of: $0.event.userID) }, in: transaction)
        return []
    }
}

extension Gate {
    /// Open once the user has an account.
    static func account(of user: UserID) -> Gate { Gate("account", user) }
}
