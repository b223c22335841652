import Testing

@testable import Kafka

@Suite("Consumer state machine")
struct ConsumerStateTests {
    private let p0 = TopicPartition(topic: "t", partition: 0)
    private let p1 = TopicPartition(topic: "t", partition: 1)
    private let now = ContinuousClock.now

    @Test("A commit covers each partition's last record")
    func commit() {
        var state = owning([p0, p1])
        let batch = take([record(p0, 5), record(p1, 2), record(p0, 6)], from: &state)
        #expect(state.commit(batch, now: now) == [p0: 7, p1: 3])
        #expect(state.batchesInFlight == 0)
    }

    @Test("One commit is on its way at a time, and the next one carries what was stored meanwhile")
    func commitsCoalesce() {
        var state = owning([p0])
        let batches = (0..<3).map { take([record(p0, $0)], from: &state) }
        #expect(state.commit(batches[0], now: now) == [p0: 1])
        #expect(state.commit(batches[1], now: now) == [:])
        #expect(state.commit(batches[2], now: now) == [:])
        #expect(state.commitEnded([p0: .init(offset: 1, error: nil)], now: now) == [p0: 3])
        #expect(state.commitEnded([p0: .init(offset: 3, error: nil)], now: now) == [:])
        #expect(state.uncommitted([p0]) == [:])
    }

    @Test("A commit that failed is sent again, after a while")
    func commitFails() {
        var state = owning([p0])
        let batch = take([record(p0, 0)], from: &state)
        #expect(state.commit(batch, now: now) == [p0: 1])
        #expect(state.commitEnded([p0: .init(offset: 1, error: KafkaError(.transport))], now: now) == [:])
        #expect(state.offsetsToCommit(now: now) == [:])
        #expect(state.offsetsToCommit(now: now + ConsumerState.commitRetryDelay) == [p0: 1])
    }

    @Test("A batch is committed once, and a rewound one never")
    func commitTwice() {
        var state = owning([p0])
        let batch = take([record(p0, 0)], from: &state)
        #expect(state.commit(batch, now: now) == [p0: 1])
        #expect(state.commit(batch, now: now) == [:])
        state.rewind(batch)
        let second = take([record(p0, 1)], from: &state)
        state.rewind(second)
        #expect(state.commit(second, now: now) == [:])
        #expect(state.uncommitted([p0]) == [p0: 1])
    }

    @Test("A partition that was taken away is skipped by the commit, also when it came back since")
    func commitAfterRevocation() {
        var state = owning([p0, p1])
        let batch = take([record(p0, 5), record(p1, 5)], from: &state)
        state.revoked([p0, p1], lost: false)
        state.assigned([p1], committed: [:])
        #expect(state.commit(batch, now: now) == [:])
        #expect(state.assignment == [p1])
    }

    @Test("Rewound records go out first, in order, and only as many as asked for")
    func rewind() {
        var state = owning([p0])
        let first = take([record(p0, 0), record(p0, 1)], from: &state)
        let second = take([record(p0, 2), record(p0, 3)], from: &state)
        state.rewind(second)
        state.rewind(first)
        #expect(state.takeRewound(atMost: 3).map(\.offset) == [0, 1, 2])
        #expect(state.takeRewound(atMost: 3).map(\.offset) == [3])
        #expect(state.takeRewound(atMost: 3).isEmpty)
    }

    @Test("Rewound records go with their partition")
    func rewindAfterRevocation() {
        var state = owning([p0, p1])
        let batch = take([record(p0, 0), record(p1, 0)], from: &state)
        state.revoked([p0], lost: false)
        state.rewind(batch)
        #expect(state.takeRewound(atMost: 10).map(\.partition) == [1])
        state.revoked([p1], lost: false)
        #expect(state.takeRewound(atMost: 10).isEmpty)
    }

    @Test("A record is taken once, and only of a partition that is ours")
    func accept() {
        var state = owning([p0])
        let offers = [record(p0, 3), record(p0, 3), record(p0, 2), record(p0, 9), record(p1, 0)]
        let accepted = offers.map { state.accept($0) }
        #expect(accepted == [true, false, false, true, false])
        state.revoked([p0], lost: false)
        let afterwards = state.accept(record(p0, 10))
        #expect(!afterwards)
    }

    @Test("A batch leaves out what was taken away while it was made")
    func batchDuringRevocation() {
        var state = owning([p0, p1])
        let records = [record(p0, 0), record(p1, 0)]
        for record in records {
            let accepted = state.accept(record)
            #expect(accepted)
        }
        state.revoked([p0], lost: false)
        let batch = state.makeBatch(records)
        #expect(batch.records.map(\.partition) == [1])
        #expect(!state.isBusy([p0]))
        #expect(state.isBusy([p0, p1]))
    }

    @Test("An empty batch is not out")
    func emptyBatch() {
        var state = owning([p0])
        #expect(state.makeBatch([]).isEmpty)
        #expect(state.batchesInFlight == 0)
    }

    @Test("The position is what was handled, or what the group had committed")
    func position() {
        var state = ConsumerState()
        #expect(!state.isAssigned)
        state.assigned([p0, p1], committed: [p0: 4])
        #expect(state.isAssigned)
        #expect(state.position(p0) == 4)
        #expect(state.position(p1) == nil)
        let batch = take([record(p0, 4)], from: &state)
        #expect(state.position(p0) == 4)
        _ = state.commit(batch, now: now)
        #expect(state.position(p0) == 5)
        state.revoked([p0, p1], lost: true)
        #expect(state.position(p0) == nil)
        #expect(!state.isAssigned)
    }

    private func owning(_ partitions: [TopicPartition]) -> ConsumerState {
        var state = ConsumerState()
        state.assigned(partitions, committed: [:])
        return state
    }

    private func record(_ partition: TopicPartition, _ offset: Int64) -> ConsumedRecord {
        ConsumedRecord(topic: partition.topic, partition: partition.partition, offset: offset, key: nil, value: nil)
    }

    private func take(_ records: [ConsumedRecord], from state: inout ConsumerState) -> ConsumerBatch {
        for record in records {
            let accepted = state.accept(record)
            #expect(accepted)
        }
        return state.makeBatch(records)
    }
}
