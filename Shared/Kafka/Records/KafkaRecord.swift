/// What is handed to Kafka: bytes, and where they belong.
package struct KafkaRecord: Sendable, Equatable {
    package var topic: String
    /// Records with the same key go to the same partition and keep their order; `nil` goes anywhere.
    package var key: [UInt8]?
    /// `nil` is a legal record, a tombstone, which is not the same as no bytes.
    package var value: [UInt8]?
    /// In order; a name may repeat.
    package var headers: [KafkaHeader]
    /// A fixed partition; `nil` lets the key decide.
    package var partition: Int32?

    package init(topic: String, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = [], partition: Int32? = nil) {
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
        self.partition = partition
    }
}

/// A name and bytes that travel beside a record's value.
package struct KafkaHeader: Sendable, Hashable {
    package var name: String
    /// Kafka's null is read as no bytes.
    package var value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// A header whose value is text, in UTF-8.
    package init(name: String, value: String) {
        self.init(name: name, value: Array(value.utf8))
    }
}
