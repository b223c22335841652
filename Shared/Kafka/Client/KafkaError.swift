/// Why Kafka, or the client, could not do what was asked.
///
/// `description` is safe to show; `debugDescription` adds librdkafka's own words, which may name hosts and topics, and where in our source
/// the error was made.
package struct KafkaError: Error, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    package var code: Code
    /// The client that reported it is unusable from now on: close it and make a new one.
    package var isFatal: Bool
    /// librdkafka's words; not for strangers.
    package var detail: String
    private var location: SourceLocation

    /// An error with librdkafka's code, or one of ours.
    package init(_ code: Code, detail: String = "", isFatal: Bool = false, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.isFatal = isFatal
        self.detail = detail
        self.location = SourceLocation(file: file, line: line)
    }

    /// Whether the same call may succeed later without anybody changing anything.
    package var isRetriable: Bool { !isFatal && (isUnavailable || Code.transient.contains(code)) }

    /// Whether no broker, or not the one that is needed, can be reached: infrastructure, not our request, is at fault.
    package var isUnavailable: Bool { !isFatal && Code.unavailable.contains(code) }

    package var description: String { "Kafka: \(code.summary) (\(code.name))\(isFatal ? ", fatal" : "")" }

    package var debugDescription: String {
        "\(description)\(detail.isEmpty ? "" : ": \(detail)") at \(location.file):\(location.line)"
    }

    /// Two errors are equal when they mean the same to a caller; the words and the place do not count.
    package static func == (left: KafkaError, right: KafkaError) -> Bool {
        left.code == right.code && left.isFatal == right.isFatal
    }

    private struct SourceLocation {
        let file: String
        let line: Int
    }
}

extension KafkaError {
    /// librdkafka's number: negative ones arise in the client, positive ones come from the broker; ours start at 100,000.
    ///
    /// The numbers are those of `rd_kafka_resp_err_t` and of the
    /// [Kafka protocol](https://kafka.apache.org/protocol#protocol_error_codes).
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        // Client.
        package static let closed = Code(rawValue: -197)
        package static let transport = Code(rawValue: -195)
        package static let resolve = Code(rawValue: -193)
        package static let unknownPartition = Code(rawValue: -190)
        package static let unknownTopicLocally = Code(rawValue: -188)
        package static let allBrokersDown = Code(rawValue: -187)
        package static let invalidArgument = Code(rawValue: -186)
        package static let timedOut = Code(rawValue: -185)
        package static let queueFull = Code(rawValue: -184)
        package static let waitingForCoordinator = Code(rawValue: -180)
        package static let state = Code(rawValue: -172)
        package static let authentication = Code(rawValue: -169)
        package static let noOffset = Code(rawValue: -168)
        package static let timedOutInQueue = Code(rawValue: -166)
        package static let purgedFromQueue = Code(rawValue: -152)
        package static let purgedInFlight = Code(rawValue: -151)
        package static let fatal = Code(rawValue: -150)
        package static let maximumPollExceeded = Code(rawValue: -147)
        package static let assignmentLost = Code(rawValue: -142)

        // Broker.
        package static let none = Code(rawValue: 0)
        package static let offsetOutOfRange = Code(rawValue: 1)
        package static let unknownTopic = Code(rawValue: 3)
        package static let leaderNotAvailable = Code(rawValue: 5)
        package static let notLeader = Code(rawValue: 6)
        package static let requestTimedOut = Code(rawValue: 7)
        package static let brokerNotAvailable = Code(rawValue: 8)
        package static let messageTooLarge = Code(rawValue: 10)
        package static let networkException = Code(rawValue: 13)
        package static let coordinatorLoading = Code(rawValue: 14)
        package static let coordinatorNotAvailable = Code(rawValue: 15)
        package static let notCoordinator = Code(rawValue: 16)
        package static let notEnoughReplicas = Code(rawValue: 19)
        package static let notEnoughReplicasAfterAppend = Code(rawValue: 20)
        package static let illegalGeneration = Code(rawValue: 22)
        package static let unknownMember = Code(rawValue: 25)
        package static let rebalanceInProgress = Code(rawValue: 27)
        package static let topicExists = Code(rawValue: 36)
        package static let groupNotEmpty = Code(rawValue: 68)
        package static let groupNotFound = Code(rawValue: 69)
        package static let fencedInstance = Code(rawValue: 82)

        // Ours.
        /// The record was not handed to librdkafka, because one before it in the same call could not be.
        package static let notAttempted = Code(rawValue: 100_000)

        static let unavailable: Set<Code> = [
            .transport, .resolve, .allBrokersDown, .timedOut, .timedOutInQueue, .waitingForCoordinator, .leaderNotAvailable, .notLeader,
            .requestTimedOut, .brokerNotAvailable, .networkException, .coordinatorLoading, .coordinatorNotAvailable, .notCoordinator,
            .notEnoughReplicas, .notEnoughReplicasAfterAppend,
        ]

        static let transient: Set<Code> = [
            .queueFull, .purgedFromQueue, .purgedInFlight, .notAttempted, .rebalanceInProgress, .illegalGeneration, .unknownMember,
            .assignmentLost, .unknownTopic,
        ]

        /// What a commit may hear while its partition moves to another member: the new owner starts from the last offset that was taken.
        static let normalInRevocation: Set<Code> = [
            .illegalGeneration, .noOffset, .unknownMember, .rebalanceInProgress, .assignmentLost, .fencedInstance,
        ]
    }
}
