import CRDKafka

/// What a producer does with its client.
extension ClientHandle {
    /// Copies one record into librdkafka's queue, tagged with a number that its delivery report will carry. Never blocks.
    ///
    /// - Throws: `KafkaError` when the record can never be sent (`messageTooLarge`), when the queue is full (`queueFull`), or when the
    ///   client is fatally broken; then there will be no delivery report.
    func produce(_ record: KafkaRecord, tag: UInt) throws(KafkaError) {
        let headers = unsafe record.headers.isEmpty ? nil : ClientHandle.headers(record.headers)
        let error = unsafe record.topic.withCString { topic in
            unsafe withBytes(of: record.key) { key in
                unsafe withBytes(of: record.value) { value in
                    unsafe enqueue(topic: topic, partition: record.partition ?? -1, key: key, value: value, headers: headers, tag: tag)
                }
            }
        }
        guard let error = unsafe KafkaError(consuming: error) else { return }
        // librdkafka takes the headers over only when it takes the record.
        if let headers = unsafe headers { unsafe rd_kafka_headers_destroy(headers) }
        throw error
    }

    /// Gives up every record that is queued or under way; each gets its delivery report, a failure.
    func purge() {
        unsafe rd_kafka_purge(client, Int32(RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING))
    }

    private func enqueue(
        topic: UnsafePointer<CChar>,
        partition: Int32,
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        headers: OpaquePointer?,
        tag: UInt
    ) -> OpaquePointer? {
        unsafe withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 7) { arguments in
            unsafe arguments.initialize(repeating: rd_kafka_vu_t())
            unsafe arguments[0].vtype = RD_KAFKA_VTYPE_TOPIC
            unsafe arguments[0].u.cstr = topic
            unsafe arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION
            unsafe arguments[1].u.i32 = partition
            unsafe arguments[2].vtype = RD_KAFKA_VTYPE_KEY
            unsafe arguments[2].u.mem.ptr = UnsafeMutableRawPointer(mutating: key.baseAddress)
            unsafe arguments[2].u.mem.size = key.count
            unsafe arguments[3].vtype = RD_KAFKA_VTYPE_VALUE
            unsafe arguments[3].u.mem.ptr = UnsafeMutableRawPointer(mutating: value.baseAddress)
            unsafe arguments[3].u.mem.size = value.count
            unsafe arguments[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS
            unsafe arguments[4].u.i = Int32(RD_KAFKA_MSG_F_COPY)
            unsafe arguments[5].vtype = RD_KAFKA_VTYPE_OPAQUE
            unsafe arguments[5].u.ptr = UnsafeMutableRawPointer(bitPattern: tag)
            var count = 6
            if let headers = unsafe headers {
                unsafe arguments[6].vtype = RD_KAFKA_VTYPE_HEADERS
                unsafe arguments[6].u.headers = headers
                count = 7
            }
            return unsafe rd_kafka_produceva(client, arguments.baseAddress, count)
        }
    }

    private static func headers(_ headers: [KafkaHeader]) -> OpaquePointer? {
        let list = unsafe rd_kafka_headers_new(headers.count)
        for header in headers {
            unsafe withBytes(of: header.value) { value in
                _ = unsafe rd_kafka_header_add(list, header.name, -1, value.baseAddress, value.count)
            }
        }
        return unsafe list
    }
}

/// Lends the bytes for one call. No bytes are lent as a pointer to nothing in particular, because a null pointer means "no value" to Kafka.
private func withBytes<R>(of bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    guard let bytes else { return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    guard bytes.isEmpty else { return unsafe bytes.withUnsafeBytes(body) }
    return unsafe withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { unsafe body(UnsafeRawBufferPointer(rebasing: $0[..<0])) }
}
