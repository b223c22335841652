import CRDKafka

/// What librdkafka reported, as values: nothing points into its memory.
enum ClientEvent {
    /// Delivery reports, in the order in which librdkafka made them.
    case delivered([Delivery])
    case fetched(ConsumedRecord)
    case assigned([TopicPartition])
    /// `lost`: the group gave them to others already, so nothing can be committed any more.
    case revoked([TopicPartition], lost: Bool)
    case committed([TopicPartition: OffsetCommit])
    case failed(KafkaError)
    case logged(level: Int32, facility: String, text: String)
    case other

    /// A record's report: the opaque number it was sent with, and what became of it.
    struct Delivery {
        let tag: UInt
        let report: DeliveryReport
    }

    /// The outcome of a commit for one partition.
    struct OffsetCommit {
        let offset: Int64
        let error: KafkaError?
    }
}

extension ClientEvent {
    /// Copies what the event says; it may be freed afterwards.
    init(copying event: OpaquePointer, of client: OpaquePointer) {
        switch unsafe rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            unsafe self = .delivered(ClientEvent.deliveries(event))
        case RD_KAFKA_EVENT_FETCH:
            unsafe self = ClientEvent.fetched(event)
        case RD_KAFKA_EVENT_REBALANCE:
            let partitions = unsafe PartitionList.partitions(rd_kafka_event_topic_partition_list(event))
            self =
                if unsafe rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                    .assigned(partitions)
                } else {
                    unsafe .revoked(partitions, lost: rd_kafka_assignment_lost(client) != 0)
                }
        case RD_KAFKA_EVENT_OFFSET_COMMIT:
            let overall = unsafe KafkaError(rd_kafka_event_error(event))
            unsafe self = .committed(PartitionList.commits(rd_kafka_event_topic_partition_list(event), failingWith: overall))
        case RD_KAFKA_EVENT_ERROR:
            unsafe self = ClientEvent.failure(event, of: client)
        case RD_KAFKA_EVENT_LOG:
            unsafe self = ClientEvent.logLine(event)
        default:
            self = .other
        }
    }

    private static func deliveries(_ event: OpaquePointer) -> [Delivery] {
        var deliveries: [Delivery] = []
        unsafe deliveries.reserveCapacity(rd_kafka_event_message_count(event))
        while let message = unsafe rd_kafka_event_message_next(event) {
            let report: DeliveryReport =
                if let error = unsafe KafkaError(message.pointee.err) {
                    .failure(error)
                } else {
                    unsafe .success(partition: message.pointee.partition, offset: message.pointee.offset)
                }
            deliveries.append(Delivery(tag: UInt(bitPattern: unsafe message.pointee._private), report: report))
        }
        return deliveries
    }

    private static func fetched(_ event: OpaquePointer) -> ClientEvent {
        guard let message = unsafe rd_kafka_event_message_next(event) else { return .other }
        if let error = unsafe KafkaError(message.pointee.err) { return .failed(error) }
        return unsafe .fetched(ConsumedRecord(copying: message))
    }

    private static func failure(_ event: OpaquePointer, of client: OpaquePointer) -> ClientEvent {
        let text = unsafe String(cString: rd_kafka_event_error_string(event))
        guard let error = unsafe KafkaError(rd_kafka_event_error(event), detail: text) else { return .other }
        guard unsafe rd_kafka_event_error_is_fatal(event) != 0 || error.code == .fatal else { return .failed(error) }
        let code = unsafe rd_kafka_fatal_error(client, nil, 0)
        return .failed(KafkaError(code == RD_KAFKA_RESP_ERR_NO_ERROR ? error.code : .init(code), detail: text, isFatal: true))
    }

    private static func logLine(_ event: OpaquePointer) -> ClientEvent {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var level: Int32 = 0
        guard unsafe rd_kafka_event_log(event, &facility, &text, &level) == 0, let facility = unsafe facility, let text = unsafe text else {
            return .other
        }
        return unsafe .logged(level: level, facility: String(cString: facility), text: String(cString: text))
    }
}

extension ConsumedRecord {
    fileprivate init(copying message: UnsafePointer<rd_kafka_message_t>) {
        let source = unsafe message.pointee
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        self.init(
            topic: unsafe String(cString: rd_kafka_topic_name(source.rkt)),
            partition: unsafe source.partition,
            offset: unsafe source.offset,
            timestampMilliseconds: unsafe rd_kafka_message_timestamp(message, &kind),
            key: unsafe bytes(at: source.key, count: source.key_len),
            value: unsafe bytes(at: source.payload, count: source.len),
            headers: unsafe ConsumedRecord.headers(of: message)
        )
    }

    private static func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list = unsafe list else { return [] }
        let count = unsafe rd_kafka_header_cnt(list)
        var headers: [KafkaHeader] = []
        headers.reserveCapacity(count)
        for index in 0..<count {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            guard unsafe rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name = unsafe name
            else {
                break
            }
            headers.append(KafkaHeader(name: unsafe String(cString: name), value: unsafe bytes(at: value, count: size) ?? []))
        }
        return headers
    }
}

/// A copy of memory that librdkafka owns; `nil` for `NULL`.
private func bytes(at pointer: UnsafeRawPointer?, count: Int) -> [UInt8]? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
}
