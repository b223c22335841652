package import JSON

/// A fact that a service tells the others: in the past tense, whole in itself, the same for all who listen (EVENTS.md).
///
/// Reading is lenient so that a writer may add fields: decode through `JSONFields`, which ignores unknown ones, and give optional ones a
/// default. Any other change is a new ``version``, with an ``Upcaster`` from the one before.
package protocol Event: Sendable, Equatable, JSONEncodable, JSONDecodable {
    /// The name of this kind of event.
    static var type: EventType { get }
    /// Which version of the payload this type is, from 1.
    static var version: Int { get }
    /// The user whose events stay in the order in which they happened.
    var key: PartitionKey { get }
    /// The id of the aggregate to which it happened, `ce_subject`.
    var subject: String { get }
    /// The order or the user whose story this is, `ce_correlationid`.
    var correlation: String { get }
}

extension Event {
    /// The first version, until a change calls for another.
    package static var version: Int { 1 }

    /// The topic that carries these events and nothing else.
    package static var topic: Topic { EventCatalogue.names(of: type, version: version).topic }

    /// The service that writes them, `ce_source`: `/order`.
    package static var source: String { EventCatalogue.names(of: type, version: version).source }

    /// The schema of the payload, `ce_dataschema`: `/schemas/order.OrderPlaced/v1.json`.
    package static var dataSchema: String { EventCatalogue.names(of: type, version: version).dataSchema }
}
