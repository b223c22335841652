import Logging
import Testing

@testable import Kafka

@Suite("Kafka errors and settings")
struct KafkaErrorTests {
    @Test(
        "A code has the name that librdkafka gives it",
        arguments: [
            (KafkaError.Code.closed, "_DESTROY"), (.transport, "_TRANSPORT"), (.resolve, "_RESOLVE"),
            (.unknownPartition, "_UNKNOWN_PARTITION"),
            (.unknownTopicLocally, "_UNKNOWN_TOPIC"), (.allBrokersDown, "_ALL_BROKERS_DOWN"), (.invalidArgument, "_INVALID_ARG"),
            (.timedOut, "_TIMED_OUT"), (.queueFull, "_QUEUE_FULL"), (.waitingForCoordinator, "_WAIT_COORD"), (.state, "_STATE"),
            (.authentication, "_AUTHENTICATION"), (.noOffset, "_NO_OFFSET"), (.timedOutInQueue, "_TIMED_OUT_QUEUE"),
            (.purgedFromQueue, "_PURGE_QUEUE"), (.purgedInFlight, "_PURGE_INFLIGHT"), (.fatal, "_FATAL"),
            (.maximumPollExceeded, "_MAX_POLL_EXCEEDED"), (.assignmentLost, "_ASSIGNMENT_LOST"), (.none, "NO_ERROR"),
            (.offsetOutOfRange, "OFFSET_OUT_OF_RANGE"), (.unknownTopic, "UNKNOWN_TOPIC_OR_PART"),
            (.leaderNotAvailable, "LEADER_NOT_AVAILABLE"), (.notLeader, "NOT_LEADER_FOR_PARTITION"),
            (.requestTimedOut, "REQUEST_TIMED_OUT"),
            (.brokerNotAvailable, "BROKER_NOT_AVAILABLE"), (.messageTooLarge, "MSG_SIZE_TOO_LARGE"),
            (.networkException, "NETWORK_EXCEPTION"),
            (.coordinatorLoading, "COORDINATOR_LOAD_IN_PROGRESS"), (.coordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE"),
            (.notCoordinator, "NOT_COORDINATOR"), (.notEnoughReplicas, "NOT_ENOUGH_REPLICAS"),
            (.notEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND"), (.illegalGeneration, "ILLEGAL_GENERATION"),
            (.unknownMember, "UNKNOWN_MEMBER_ID"), (.rebalanceInProgress, "REBALANCE_IN_PROGRESS"),
            (.topicExists, "TOPIC_ALREADY_EXISTS"), (.groupNotEmpty, "NON_EMPTY_GROUP"), (.groupNotFound, "GROUP_ID_NOT_FOUND"),
            (.fencedInstance, "FENCED_INSTANCE_ID"), (.notAttempted, "NOT_ATTEMPTED"),
        ] as [(KafkaError.Code, String)]
    )
    func names(code: KafkaError.Code, name: String) {
        #expect(code.name == name)
        #expect(!code.summary.isEmpty)
    }

    @Test("A fatal error is neither retriable nor a sign of an absent broker")
    func fatal() {
        #expect(KafkaError(.transport).isUnavailable)
        #expect(KafkaError(.transport).isRetriable)
        #expect(!KafkaError(.transport, isFatal: true).isRetriable)
        #expect(!KafkaError(.transport, isFatal: true).isUnavailable)
        #expect(!KafkaError(.messageTooLarge).isRetriable)
        #expect(KafkaError(.rebalanceInProgress).isRetriable)
        #expect(!KafkaError(.rebalanceInProgress).isUnavailable)
    }

    @Test("The description shows nothing of the detail")
    func description() {
        let error = KafkaError(.transport, detail: "broker-7.internal:9092")
        #expect(!error.description.contains("internal"))
        #expect(error.description.contains("_TRANSPORT"))
        #expect(error.debugDescription.contains("broker-7.internal:9092"))
    }

    @Test("A password is shown nowhere")
    func password() {
        let sasl = KafkaConfiguration.SASL(mechanism: .scramSHA512, username: "order", password: "s3cret")
        var dumped = ""
        dump(sasl, to: &dumped)
        #expect(!"\(sasl) \(String(reflecting: sasl)) \(dumped)".contains("s3cret"))
        #expect("\(sasl)" == "SCRAM-SHA-512 as order")
    }

    @Test("What the guarantees rest on cannot be configured away")
    func invariants() {
        var configuration = KafkaConfiguration(bootstrapServers: "localhost:1")
        configuration.extra = [
            "acks": "1", "message.timeout.ms": "5", "enable.auto.commit": "true", "linger.ms": "7", "fetch.wait.max.ms": "9",
        ]
        let producer = ClientSettings.producer(configuration, capacity: 1000)
        #expect(producer["acks"] == "all")
        #expect(producer["message.timeout.ms"] == "0")
        #expect(producer["enable.idempotence"] == "true")
        #expect(producer["enable.gapless.guarantee"] == "true")
        #expect(producer["linger.ms"] == "7")
        let consumer = ClientSettings.consumer(configuration, group: "g", instanceID: "i")
        #expect(consumer["enable.auto.commit"] == "false")
        #expect(consumer["enable.auto.offset.store"] == "false")
        #expect(consumer["group.instance.id"] == "i")
        #expect(consumer["fetch.wait.max.ms"] == "9")
    }

    @Test("A property that librdkafka does not know is refused by name")
    func unknownProperty() {
        var configuration = KafkaConfiguration(bootstrapServers: "localhost:1")
        configuration.extra = ["no.such.property": "secret-value"]
        let error = #expect(throws: KafkaError.self) { try KafkaProducer(configuration: configuration, logger: Logger(label: "test")) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.detail.contains("no.such.property") == true)
        #expect(error?.detail.contains("secret-value") == false)
    }

    @Test(
        "Timeouts are rounded up to milliseconds and never negative",
        arguments: [
            (Duration.milliseconds(5), 5), (.microseconds(1), 1), (.zero, 0), (.seconds(-3), 0), (.microseconds(-1), 0),
            (.seconds(10_000_000), .max),
        ] as [(Duration, Int32)]
    )
    func milliseconds(duration: Duration, expected: Int32) {
        #expect(duration.wholeMilliseconds == expected)
    }
}
