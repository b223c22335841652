import CRDKafka

/// One librdkafka client and its event queue.
///
/// Safe to share: librdkafka is thread-safe, both pointers are set once in `init` and never change, and `deinit`, which frees them, runs
/// when nobody holds the handle. Pointers are for the other handle files only; what they return are values.
@safe final class ClientHandle: @unchecked Sendable {
    enum Role {
        case producer
        case consumer
        case admin
    }

    let client: OpaquePointer
    /// Everything that librdkafka has to say comes through here: deliveries, records, rebalances, errors, log lines.
    let events: OpaquePointer

    /// Makes a client; connections are opened in the background.
    ///
    /// - Throws: `KafkaError` with `invalidArgument` for a property that librdkafka refuses; its detail names the property, never the value.
    init(_ role: Role, _ settings: ClientSettings) throws(KafkaError) {
        guard let conf = unsafe rd_kafka_conf_new() else { throw KafkaError(.state, detail: "out of memory") }
        for (name, value) in settings.properties {
            guard unsafe rd_kafka_conf_set(conf, name, value, nil, 0) == RD_KAFKA_CONF_OK else {
                unsafe rd_kafka_conf_destroy(conf)
                throw KafkaError(.invalidArgument, detail: "librdkafka refuses the value of \(name), or does not know it")
            }
        }
        unsafe rd_kafka_conf_set_events(conf, ClientHandle.eventMask)
        var reason = [CChar](repeating: 0, count: 512)
        let type = role == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
        guard let client = unsafe rd_kafka_new(type, conf, &reason, reason.count) else {
            unsafe rd_kafka_conf_destroy(conf)
            throw KafkaError(
                .invalidArgument,
                detail: String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            )
        }
        unsafe self.client = client
        unsafe rd_kafka_set_log_queue(client, nil)
        if role == .consumer {
            // From here on one queue carries all: what is polled for records also serves rebalances, errors and logs.
            unsafe rd_kafka_poll_set_consumer(client)
            unsafe self.events = rd_kafka_queue_get_consumer(client)
        } else {
            unsafe self.events = rd_kafka_queue_get_main(client)
        }
    }

    deinit {
        unsafe rd_kafka_queue_destroy(events)
        // A consumer that nobody closed must not wait for the broker here.
        unsafe rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// The next event, waiting for it at most `timeout`; `nil` after the time, or after `wake()`.
    func nextEvent(within timeout: Duration) -> ClientEvent? {
        guard let event = unsafe rd_kafka_queue_poll(events, timeout.wholeMilliseconds) else { return nil }
        defer { unsafe rd_kafka_event_destroy(event) }
        return unsafe ClientEvent(copying: event, of: client)
    }

    /// Ends the `nextEvent` that waits, or the next one that would.
    func wake() {
        unsafe rd_kafka_queue_yield(events)
    }

    /// The error that made the client unusable, when there is one.
    var fatalError: KafkaError? {
        var reason = [CChar](repeating: 0, count: 512)
        let code = unsafe rd_kafka_fatal_error(client, &reason, reason.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        let text = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return KafkaError(.init(code), detail: text, isFatal: true)
    }

    private static let eventMask =
        RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_REBALANCE
        | RD_KAFKA_EVENT_OFFSET_COMMIT
}
