import EventContracts
import Foundation
import Kafka
import Postgres
import ServiceTesting
import Testing

extension EndToEnd {
    /// What cannot be read is mended from the command line while the services run. In a system of their own: what was put on a topic for
    /// this stays on it.
    @Suite(.withSystem) struct DeadLetterTests {
        private let system = Result { try System.shared }

        @Test func `A record that nobody can read is listed, repaired, resubmitted and discarded from the command line`() async throws {
            let system = try system.get()
            let customer = try await system.registerWithAccount(holding: 500)
            try await system.settle()
            let registered = try await system.broker.records(in: [UserRegistered.topic]).first { $0.key == Array(customer.id.utf8) }
            let original = try #require(registered)
            let broken = original.headers.map { header in
                header.name == EventHeaderName.id ? KafkaHeader(name: header.name, value: "\(EventID())") : header
            }
            try await system.broker.produce([
                KafkaRecord(topic: original.topic, key: original.key, value: Array("{broken".utf8), headers: broken)
            ])
            let (billing, notification) = (system.billing, system.notification)
            for service in [billing, notification] {
                try await eventually(within: .seconds(30), "\(service.name) has given it up") {
                    try await system.count(service, "messaging.dead_letters WHERE status = 'dead'") == 1
                }
            }

            let list = try await billing.command(["dead-letters", "list"])
            let id = try #require(list.lines.first?.split(separator: " ").first.map(String.init))
            #expect(list.outcome == .exited(0) && list.lines[0].contains("dead") && list.lines[0].contains(customer.id))
            let refused = try await billing.command(["dead-letters", "retry", id])
            #expect(refused.outcome == .exited(1) && refused.lines.last?.contains("no handler could read it") == true)
            let payload = String(decoding: try #require(original.value), as: UTF8.self)
            let edited = try await billing.command(["dead-letters", "edit", id, "--payload", payload, "--operator", "Florence"])
            #expect(edited.outcome == .exited(0))
            let copy = try #require(edited.lines.last?.split(separator: " ").last?.dropLast())
            #expect(try await billing.command(["dead-letters", "retry", String(copy)]).outcome == .exited(0))
            try await eventually(within: .seconds(30), "billing has handled the repaired copy") {
                try await system.count(billing, "messaging.dead_letters WHERE status = 'handled'") == 1
            }
            let shown = try await billing.command(["dead-letters", "show", id])
            #expect(shown.lines.contains { $0.contains("edited by Florence") } && shown.lines.contains { $0.contains("{broken") })

            let other = try await notification.command(["dead-letters", "list"]).lines
            let otherID = try #require(other.first?.split(separator: " ").first.map(String.init))
            #expect(try await notification.command(["dead-letters", "discard", otherID]).outcome == .exited(0))
            #expect(try await notification.command(["dead-letters", "discard", otherID]).outcome == .exited(1))
            #expect(try await notification.command(["dead-letters", "list"]).lines == ["No letters."])
            #expect(try await notification.command(["dead-letters", "list", "--status", "lost"]).outcome == .exited(64))
            try await system.settle()
            #expect(try await system.balance(of: customer) == 500)
        }
    }
}
