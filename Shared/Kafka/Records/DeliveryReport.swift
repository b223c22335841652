/// What became of one record that was sent.
package enum DeliveryReport: Sendable, Equatable {
    /// Every in-sync replica has it.
    case success(partition: Int32, offset: Int64)
    /// The broker did not acknowledge it. It may still be there: the acknowledgement can be what was lost.
    case failure(KafkaError)

    /// The error of a failure.
    package var error: KafkaError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
