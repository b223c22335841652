import ServiceTesting
import Testing

@testable import Kafka

extension BrokerTests {
    @Suite("Consumer groups")
    struct GroupTests {
        private let broker: TestBroker
        private let topic: String

        init() throws {
            broker = try TestBroker()
            topic = broker.name("topic")
        }

        @Test("What was not committed is delivered again, what was committed is not", .timeLimit(.minutes(1)))
        func redelivery() async throws {
            try await broker.createTopic(topic)
            try await broker.produce(numbered(0..<10, topic: topic))
            do {
                // Never closed: it goes like a process that was killed.
                let crashing = try broker.consumer(of: topic, group: "g")
                let handled = try await crashing.nextBatch(maximumRecords: 4, within: .seconds(10))
                try await crashing.commit(handled)
                let unhandled = try await crashing.nextBatch(maximumRecords: 4, within: .seconds(10))
                #expect(handled.records.map(\.number) == [0, 1, 2, 3])
                #expect(unhandled.records.map(\.number) == [4, 5, 6, 7])
                // A commit is on its way when the call returns; this process does not die before it has arrived.
                let partition = TopicPartition(topic: topic, partition: 0)
                try await eventually("the commit has arrived") {
                    try crashing.core.handle.committed([partition], within: .seconds(5)) == [partition: 4]
                }
            }
            let successor = try broker.consumer(of: topic, group: "g")
            let records = try await successor.take(6, within: .seconds(30))
            #expect(records.map(\.number) == [4, 5, 6, 7, 8, 9])
            await successor.close()
        }

        @Test("A rewound batch is delivered again, in order and before anything else", .timeLimit(.minutes(1)))
        func rewind() async throws {
            try await broker.createTopic(topic)
            try await broker.produce(numbered(0..<6, topic: topic))
            let consumer = try broker.consumer(of: topic, group: "g")
            let batch = try await consumer.nextBatch(maximumRecords: 2, within: .seconds(10))
            #expect(batch.records.map(\.number) == [0, 1])
            consumer.rewind(batch)
            #expect(try await consumer.take(6).map(\.number) == Array(0..<6))
            await consumer.close()
        }

        @Test("Closing commits what was handled, and the successor starts right after it", .timeLimit(.minutes(1)))
        func closeCommits() async throws {
            try await broker.createTopic(topic, partitions: 3)
            try await broker.produce(numbered(0..<30, topic: topic))
            let first = try broker.consumer(of: topic, group: "g")
            #expect(try await first.take(30).count == 30)
            await first.close()
            try await broker.produce(numbered(30..<31, topic: topic))
            let second = try broker.consumer(of: topic, group: "g")
            let clock = ContinuousClock.now
            #expect(try await second.take(1).map(\.number) == [30])
            #expect(ContinuousClock.now - clock < .seconds(4), "the first consumer did not leave the group")
            await second.close()
        }

        @Test("A closed consumer takes nothing more, and its waiting call ends at once", .timeLimit(.minutes(1)))
        func closeEndsWait() async throws {
            try await broker.createTopic(topic)
            let consumer = try broker.consumer(of: topic, group: "g")
            #expect(try await consumer.join())
            let waiting = Task { try await consumer.nextBatch(maximumRecords: 1, within: .seconds(30)) }
            let clock = ContinuousClock.now
            await consumer.close()
            let error = await #expect(throws: KafkaError.self) { try await waiting.value }
            #expect(error?.code == .closed)
            #expect(ContinuousClock.now - clock < .seconds(3))
            await consumer.close()
        }

        @Test("Cancelling the task ends the wait at once", .timeLimit(.minutes(1)))
        func cancellation() async throws {
            try await broker.createTopic(topic)
            let consumer = try broker.consumer(of: topic, group: "g")
            #expect(try await consumer.join())
            let waiting = Task { try await consumer.nextBatch(maximumRecords: 1, within: .seconds(30)) }
            let clock = ContinuousClock.now
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(ContinuousClock.now - clock < .milliseconds(500))
            await consumer.close()
        }

        @Test("When a second consumer joins, the partitions are shared and nothing is lost", .timeLimit(.minutes(2)))
        func rebalance() async throws {
            try await broker.createTopic(topic, partitions: 6)
            let seen = Shared<[Int]>([])
            let first = try broker.consumer(of: topic, group: "g")
            #expect(try await first.join())
            let second = try broker.consumer(of: topic, group: "g")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for consumer in [first, second] {
                    group.addTask {
                        while seen.withLock({ Set($0).count }) < 3000 {
                            let batch = try await consumer.nextBatch(maximumRecords: 50, within: .milliseconds(100))
                            seen.withLock { $0 += batch.records.map(\.number) }
                            try await consumer.commit(batch)
                        }
                    }
                }
                let producer = try broker.producer()
                for start in stride(from: 0, to: 2900, by: 100) {
                    _ = try await producer.send(numbered(start..<start + 100, topic: topic, key: { "key-\($0)" }))
                }
                // The last records come when both have their share.
                try await eventually(within: .seconds(30)) { first.assignment.count == 3 && second.assignment.count == 3 }
                _ = try await producer.send(numbered(2900..<3000, topic: topic, key: { "key-\($0)" }))
                await producer.close(within: .seconds(5))
                try await group.waitForAll()
            }
            // Repeats are allowed: a broker may refuse the commit of a member that has not rejoined yet.
            #expect(seen.withLock { Set($0) } == Set(0..<3000))
            #expect(Set(first.assignment).isDisjoint(with: second.assignment))
            await first.close()
            await second.close()
        }

        @Test("A revocation waits for the batch in flight and its commit", .timeLimit(.minutes(2)))
        func revocationWaits() async throws {
            try await broker.createTopic(topic, partitions: 2)
            try await broker.produce(
                (0..<10).map { KafkaRecord(topic: topic, key: nil, value: Array("\($0)".utf8), partition: Int32($0 % 2)) }
            )
            let revokedAt = Shared<ContinuousClock.Instant?>(nil)
            let log = LogRecorder()
            let first = try broker.consumer(of: topic, group: "g", logger: log.logger) { change in
                if case .revoked = change { revokedAt.withLock { $0 = .now } }
            }
            var handled: [ConsumedRecord] = []
            var inFlight: [ConsumerBatch] = []
            while handled.count < 10 {
                let batch = try await first.nextBatch(maximumRecords: 10, within: .seconds(5))
                handled += batch.records
                inFlight.append(batch)
            }
            let second = try broker.consumer(of: topic, group: "g")
            let lastReturn = Shared(ContinuousClock.now)
            let polling = Task {
                var records: [ConsumedRecord] = []
                while records.isEmpty {
                    let batch = try await first.nextBatch(maximumRecords: 10, within: .milliseconds(100))
                    lastReturn.withLock { $0 = .now }
                    records = batch.records
                    try await first.commit(batch)
                }
                return records
            }
            let others = Task { try await second.take(1, within: .seconds(30)) }
            // The first is asked to let go, which it must not while its batches are out: its call does not return in its time.
            try await eventually(within: .seconds(20)) { lastReturn.withLock { ContinuousClock.now - $0 > .seconds(1) } }
            #expect(revokedAt.withLock { $0 } == nil)
            #expect(first.assignment.count == 2)
            let committedAt = ContinuousClock.now
            for batch in inFlight { try await first.commit(batch) }
            try await eventually { first.assignment.count == 1 && second.assignment.count == 1 }
            #expect(try #require(revokedAt.withLock { $0 }) > committedAt)
            try await broker.produce(
                (10..<12).map { KafkaRecord(topic: topic, key: nil, value: Array("\($0)".utf8), partition: Int32($0 % 2)) }
            )
            // Each gets its own new record and none of the old ones: the offsets were committed before the partition went.
            // A broker may refuse a commit in a rebalance, which the client must then tell, and nothing but the old may come besides.
            let numbers = try await polling.value.map(\.number) + others.value.map(\.number)
            if log.lines.contains(where: { $0.contains("may be delivered again") }) {
                #expect(Set(numbers).isSubset(of: 0..<12))
            } else {
                #expect(numbers.sorted() == [10, 11], "\(log.lines)")
            }
            await first.close()
            await second.close()
        }

        @Test("A batch that takes too long costs the membership, and the next call joins again", .timeLimit(.minutes(2)))
        func tooLong() async throws {
            try await broker.createTopic(topic)
            try await broker.produce(numbered(0..<3, topic: topic))
            var impatient = broker.configuration
            impatient.maximumPollInterval = .seconds(6)
            let changes = Shared<[AssignmentChange]>([])
            let slow = try KafkaConsumer(
                configuration: impatient,
                group: broker.name("g"),
                topics: [topic],
                logger: broker.logger,
                onAssignmentChange: { change in changes.withLock { $0.append(change) } }
            )
            let batch = try await slow.nextBatch(maximumRecords: 3, within: .seconds(10))
            #expect(batch.records.count == 3)
            let other = try broker.consumer(of: topic, group: "g")
            #expect(try await other.take(3, within: .seconds(40)).map(\.number) == [0, 1, 2])
            // Skipped: the partition is not ours any more.
            try await slow.commit(batch)
            await other.close()
            try await broker.produce(numbered(3..<4, topic: topic))
            #expect(try await slow.take(1, within: .seconds(20)).map(\.number) == [3])
            let partition = TopicPartition(topic: topic, partition: 0)
            #expect(changes.withLock { $0.contains(.lost([partition])) })
            await slow.close()
        }

        @Test("A static member that restarts gets its partitions back and goes on where it was", .timeLimit(.minutes(1)))
        func staticMember() async throws {
            try await broker.createTopic(topic)
            try await broker.produce(numbered(0..<3, topic: topic))
            let before = try broker.consumer(of: topic, group: "g", instanceID: "one")
            #expect(try await before.take(3).count == 3)
            await before.close()
            try await broker.produce(numbered(3..<4, topic: topic))
            let after = try broker.consumer(of: topic, group: "g", instanceID: "one")
            #expect(try await after.take(1).map(\.number) == [3])
            await after.close()
        }

        @Test("A consumer that leaves hands its partitions over quickly", .timeLimit(.minutes(1)))
        func handover() async throws {
            try await broker.createTopic(topic, partitions: 4)
            let first = try broker.consumer(of: topic, group: "g")
            let second = try broker.consumer(of: topic, group: "g")
            let polls = [first, second].map { consumer in
                Task { while true { _ = try await consumer.nextBatch(maximumRecords: 1, within: .seconds(1)) } }
            }
            try await eventually(within: .seconds(30)) { first.assignment.count == 2 && second.assignment.count == 2 }
            await first.close()
            let clock = ContinuousClock.now
            try await eventually(within: .seconds(20)) { second.assignment.count == 4 }
            #expect(ContinuousClock.now - clock < .seconds(5), "sooner than its session would have ended")
            for poll in polls { poll.cancel() }
            await second.close()
        }
    }
}
