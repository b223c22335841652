import Foundation
import JSON
import Testing

/// Foundation's parser is the other opinion. It is more lenient in a few known ways; in all else the two must agree.
@Suite("JSON against Foundation")
struct JSONDifferentialTests {
    @Test("Both read random documents alike", arguments: UInt64(1)...8)
    func agreesOnValidDocuments(seed: UInt64) throws {
        var documents = RandomJSON(seed: seed)
        for _ in 0..<500 {
            let text = documents.document()
            let ours = try #require(try? JSONValue(parsing: text), "refused: \(String(decoding: text, as: UTF8.self))")
            let theirs = try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            #expect(agree(ours, theirs), "\(String(decoding: text, as: UTF8.self))")
            #expect(try JSONValue(parsing: ours.serialized()) == ours)
            let reread = try JSONSerialization.jsonObject(with: Data(ours.serialized()), options: .fragmentsAllowed)
            #expect(agree(ours, reread), "\(ours)")
        }
    }

    @Test("Both refuse damaged documents, or read them alike", arguments: UInt64(101)...112)
    func agreesOnDamagedDocuments(seed: UInt64) throws {
        var documents = RandomJSON(seed: seed)
        for _ in 0..<1000 {
            let text = documents.damaged(documents.document())
            let theirs = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            switch (Result { () throws(JSONError) in try JSONValue(parsing: text) }, theirs) {
            case (.success(let ours), let theirs?):
                #expect(agree(ours, theirs), "\(String(decoding: text, as: UTF8.self))")
            case (.success, nil):
                Issue.record("only we accept \(String(decoding: text, as: UTF8.self))")
            case (.failure(let error), .some):
                #expect(Self.stricter.contains(error.kind), "only we refuse \(String(decoding: text, as: UTF8.self)): \(error)")
            case (.failure, nil):
                break
            }
        }
    }

    /// Where Foundation lets pass what RFC 8259 advises or allows to refuse.
    private static let stricter: Set<JSONError.Kind> = [.duplicateName, .byteOrderMark, .tooDeep, .numberOutOfRange]

    private func agree(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: theirs is NSNull
        case .bool(let value): (theirs as? NSNumber)?.boolValue == value
        case .integer(let value): (theirs as? NSNumber)?.int64Value == value
        case .number(let value): (theirs as? NSNumber).map { isClose($0.doubleValue, value) } ?? false
        case .string(let value): (theirs as? String).map { Array($0.utf8) == Array(value.utf8) } ?? false
        case .array(let elements):
            (theirs as? [Any]).map { $0.count == elements.count && zip(elements, $0).allSatisfy(agree) } ?? false
        case .object(let members):
            (theirs as? [String: Any]).map { other in
                other.count == members.count && members.allSatisfy { name, value in other[name].map { agree(value, $0) } ?? false }
            } ?? false
        }
    }

    /// Foundation takes a number through `Decimal`, which costs it the last bits of some; that ours are exact is tested by itself.
    private func isClose(_ left: Double, _ right: Double) -> Bool {
        left == right || abs(left - right) <= abs(right) * 1e-14
    }
}
