import EventContracts
import Kafka

/// What has an order of its own: the records of one key in one topic, for one consumer group.
///
/// Not the key alone: the event that opens a gate must never queue behind the one that waits for it.
struct EventSequence: Hashable, Sendable {
    let topic: String
    let key: String
}

/// A record that can be handled: decoded, and with the handler it is for.
struct Delivery: Sendable {
    let record: ConsumedRecord
    let metadata: EventMetadata
    let sequence: EventSequence
    let route: Int
    let envelope: any Sendable

    var id: EventID { metadata.id }
}

/// What a record turned out to be.
enum Arrival: Sendable {
    case delivery(Delivery)
    /// Of a type that this service does nothing about.
    case ignored
    /// Nobody can read it, now or later.
    case undecodable(ConsumedRecord, EventDecodingError)

    init(_ record: ConsumedRecord, router: EventRouter) {
        do throws(EventDecodingError) {
            let received = try ReceivedEvent(
                topic: record.topic,
                key: record.key,
                value: record.value,
                headers: try record.headers.map { header throws(EventDecodingError) in
                    // Text with a NUL could never be parked.
                    guard !header.value.contains(0), let value = String(validating: header.value, as: UTF8.self) else {
                        throw EventDecodingError(.invalidHeader, "\(header.name) is not text")
                    }
                    return EventHeader(name: header.name, value: value)
                }
            )
            guard let route = router.route(for: received.type) else {
                self = .ignored
                return
            }
            if record.key?.contains(0) ?? false { throw EventDecodingError(.invalidHeader, "the key is not text") }
            self = .delivery(
                Delivery(
                    record: record,
                    metadata: received.metadata,
                    sequence: EventSequence(topic: record.topic, key: received.key?.rawValue ?? ""),
                    route: route,
                    envelope: try router.routes[route].decode(received)
                )
            )
        } catch {
            self = .undecodable(record, error)
        }
    }
}
