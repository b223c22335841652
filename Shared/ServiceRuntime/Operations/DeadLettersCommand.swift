import ArgumentParser
import EventContracts
import Messaging
import Postgres

/// The command line of the message hospital: `order dead-letters list`.
struct DeadLettersCommand: ParsableCommand {
    static let name = "dead-letters"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Look at, repair, resubmit and discard what was given up.",
        discussion: """
            Works on the service's database (DATABASE_URL), whether the service runs or not. What is resubmitted is tried by the running \
            service, in its place in the order; what waits behind it follows. Every change is written down with the operator's name.
            """,
        subcommands: [List.self, Show.self, Edit.self, Retry.self, Discard.self]
    )

    /// Which letters.
    struct Selection: ParsableArguments {
        @Option(help: "The key of the sequence: the user's id.")
        var key: String?
        @Option(help: "A part of the error.")
        var error: String?
        @Option(help: "The topic.")
        var topic: String?

        /// Whether anything was selected.
        var restricts: Bool { key != nil || error != nil || topic != nil }

        func filter(_ status: DeadLetter.Status?) -> DeadLetterFilter {
            DeadLetterFilter(status: status, key: key, error: error, topic: topic)
        }
    }

    /// Who does it.
    struct Signature: ParsableArguments {
        @Option(name: .customLong("operator"), help: "Your name, for the audit (default: $USER).")
        var operatorName: String?
    }

    struct List: ParsableCommand, DeadLettersRequest {
        static let configuration = CommandConfiguration(abstract: "List letters, the newest first, and their errors by number.")

        @Option(help: "One of \(DeadLetter.Status.allCases.map(\.rawValue).joined(separator: ", ")), or all.")
        var status = DeadLetter.Status.dead.rawValue
        @OptionGroup var selection: Selection
        @Option(help: "How many, 1 to 1000.")
        var limit = 50

        func validate() throws {
            if status != "all", DeadLetter.Status(rawValue: status) == nil { throw ValidationError("there is no status \(status)") }
            if !(1...1000).contains(limit) { throw ValidationError("--limit must be from 1 to 1000") }
        }

        func perform(at desk: HospitalDesk) async throws -> [String] {
            let filter = selection.filter(DeadLetter.Status(rawValue: status))
            let (letters, groups) = try await desk.hospital.list(filter, limit: limit, from: desk.postgres)
            if letters.isEmpty { return ["No letters."] }
            return letters.map(DeadLetterText.line) + [""] + groups.map { "\($0.count) × \($0.error)" }
        }
    }

    struct Show: ParsableCommand, DeadLettersRequest {
        static let configuration = CommandConfiguration(abstract: "Show one letter whole, and what was done about it.")

        @Argument(help: "The letter's id.")
        var id: DeadLetterID

        func perform(at desk: HospitalDesk) async throws -> [String] {
            guard let (letter, history) = try await desk.hospital.find(id, from: desk.postgres) else { throw HospitalRefusal.noSuchLetter }
            return DeadLetterText.whole(letter, history)
        }
    }

    struct Edit: ParsableCommand, DeadLettersRequest {
        static let configuration = CommandConfiguration(
            abstract: "Put an edited copy in a letter's place. The copy is not tried before it is resubmitted."
        )

        @Argument(help: "The letter's id.")
        var id: DeadLetterID
        @Option(help: "The whole payload, as JSON.")
        var payload: String
        @OptionGroup var signature: Signature

        func perform(at desk: HospitalDesk) async throws -> [String] {
            let (payload, who) = (Array(payload.utf8), desk.signed(signature.operatorName))
            let copy = try await desk.postgres.withTransaction { try await desk.hospital.edit(id, payload: payload, by: who, in: $0) }
            return ["The edited copy is \(copy.id)."]
        }
    }

    struct Retry: ParsableCommand, DeadLettersRequest {
        static let configuration = CommandConfiguration(abstract: "Resubmit one letter, or with --all every dead one that is selected.")

        @Argument(help: "The letter's id.")
        var id: DeadLetterID?
        @Flag(help: "All dead letters that are selected, the oldest first, \(MessageHospital.maximumBulk) at a time.")
        var all = false
        @OptionGroup var selection: Selection
        @Option(help: "With --all: letters a second, 1 to 1000.")
        var rate = 50
        @Flag(help: "With --all: only tell which.")
        var dryRun = false
        @OptionGroup var signature: Signature

        func validate() throws {
            if (id == nil) != all { throw ValidationError("name one letter, or --all") }
            if !all, dryRun || selection.restricts { throw ValidationError("--dry-run, --key, --error and --topic go with --all") }
            if !(1...1000).contains(rate) { throw ValidationError("--rate must be from 1 to 1000") }
        }

        func perform(at desk: HospitalDesk) async throws -> [String] {
            let who = desk.signed(signature.operatorName)
            if let id {
                try await desk.postgres.withTransaction { try await desk.hospital.retry(id, by: who, in: $0) }
                return ["Resubmitted."]
            }
            let (filter, rate, dryRun) = (selection.filter(nil), rate, dryRun)
            let bulk = try await desk.hospital.retryAll(filter, rate: rate, isDryRun: dryRun, by: who, in: desk.postgres)
            let refused = bulk.refused.map { "\($0.id) refused: \($0.reason)" }
            return bulk.resubmitted.map(\.description) + refused
                + ["\(dryRun ? "Would resubmit" : "Resubmitted") \(bulk.resubmitted.count), refused \(bulk.refused.count)."]
        }
    }

    struct Discard: ParsableCommand, DeadLettersRequest {
        static let configuration = CommandConfiguration(abstract: "Give a letter up for good; what waits behind it goes on.")

        @Argument(help: "The letter's id.")
        var id: DeadLetterID
        @OptionGroup var signature: Signature

        func perform(at desk: HospitalDesk) async throws -> [String] {
            let who = desk.signed(signature.operatorName)
            try await desk.postgres.withTransaction { try await desk.hospital.discard(id, by: who, in: $0) }
            return ["Discarded."]
        }
    }
}

/// One request to the message hospital, read from a command line.
protocol DeadLettersRequest {
    /// - Returns: The lines to print.
    func perform(at desk: HospitalDesk) async throws -> [String]
}

extension DeadLetterID: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}
