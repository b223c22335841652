/// Documents that repeat for a seed: valid ones in all the spellings that JSON allows, and damaged copies.
struct RandomJSON {
    private var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(state: seed)
    }

    /// A valid document: any nesting up to 6 levels, blanks anywhere, escapes of every kind.
    mutating func document() -> [UInt8] {
        var text: [UInt8] = []
        appendValue(depth: 0, to: &text)
        return text
    }

    /// A copy with one to three bytes removed, doubled, replaced or added, or with its end cut off.
    mutating func damaged(_ document: [UInt8]) -> [UInt8] {
        var text = document
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !text.isEmpty {
            let place = text.indices.randomElement(using: &generator) ?? 0
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: text.remove(at: place)
            case 1: text.insert(text[place], at: place)
            case 2: text[place] = UInt8.random(in: 1...255, using: &generator)
            case 3: text.insert(Array(#"{}[]",:\0123456789eE+-.utfn "#.utf8).randomElement(using: &generator) ?? 0x20, at: place)
            case 4: text.removeSubrange(place...)
            default: text.swapAt(place, text.indices.randomElement(using: &generator) ?? 0)
            }
        }
        return text
    }

    private mutating func appendValue(depth: Int, to text: inout [UInt8]) {
        appendBlanks(to: &text)
        switch Int.random(in: 0..<(depth < 6 ? 10 : 6), using: &generator) {
        case 0: text += Array(["true", "false", "null"].randomElement(using: &generator)?.utf8 ?? "null".utf8)
        case 1, 2: text += Array(number().utf8)
        case 3...5: appendString(to: &text)
        case 6, 7:
            text.append(UInt8(ascii: "["))
            for index in 0..<Int.random(in: 0...4, using: &generator) {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                appendValue(depth: depth + 1, to: &text)
            }
            appendBlanks(to: &text)
            text.append(UInt8(ascii: "]"))
        default:
            text.append(UInt8(ascii: "{"))
            for index in 0..<Int.random(in: 0...4, using: &generator) {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                appendBlanks(to: &text)
                text += Array("\"\(index)".utf8)
                appendCharacters(to: &text)
                text.append(UInt8(ascii: "\""))
                appendBlanks(to: &text)
                text.append(UInt8(ascii: ":"))
                appendValue(depth: depth + 1, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
        appendBlanks(to: &text)
    }

    private mutating func appendBlanks(to text: inout [UInt8]) {
        while Int.random(in: 0..<6, using: &generator) == 0 {
            text.append([0x20, 0x09, 0x0A, 0x0D].randomElement(using: &generator) ?? 0x20)
        }
    }

    private mutating func number() -> String {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: return String(Int64.random(in: .min ... .max, using: &generator))
        case 1: return String(Int64.random(in: -10...10, using: &generator))
        case 2: return "\(Int64.random(in: -99...99, using: &generator)).\(UInt32.random(in: .min ... .max, using: &generator))"
        case 3: return Double(bitPattern: .random(in: 0..<0x7FF0_0000_0000_0000, using: &generator)).description
        default:
            let exponent = ["e", "E", "e+", "E-", "e-"].randomElement(using: &generator) ?? "e"
            return "\(Int64.random(in: -99...99, using: &generator))\(exponent)\(Int.random(in: 0...200, using: &generator))"
        }
    }

    private mutating func appendString(to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        appendCharacters(to: &text)
        text.append(UInt8(ascii: "\""))
    }

    private mutating func appendCharacters(to text: inout [UInt8]) {
        for _ in 0..<Int.random(in: 0...8, using: &generator) {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0:
                text += Array((["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"].randomElement(using: &generator) ?? "\\n").utf8)
            case 1: appendEscape(to: &text)
            case 2: text += Array(String(scalar(upTo: 0x10FFFF)).utf8)
            case 3: text += Array(String(scalar(upTo: 0x7FF)).utf8)
            default: text += Array((["a", "Z", "0", " ", "{", "]", ",", "'"].randomElement(using: &generator) ?? "a").utf8)
            }
        }
    }

    /// A character as `\uXXXX`, in either case, as a pair beyond the basic plane.
    private mutating func appendEscape(to text: inout [UInt8]) {
        for unit in String(scalar(upTo: Bool.random(using: &generator) ? 0xFFFF : 0x10FFFF)).utf16 {
            let digits = String(unit, radix: 16, uppercase: Bool.random(using: &generator))
            text += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
        }
    }

    /// A character that needs no escaping and, so that Foundation's dictionaries see the same names as ours, no combining mark.
    private mutating func scalar(upTo limit: UInt32) -> Character {
        let scalar = Unicode.Scalar(UInt32.random(in: 0x5D...limit, using: &generator)) ?? "x"
        return scalar.properties.canonicalCombiningClass == .notReordered ? Character(scalar) : "y"
    }
}

/// A small generator of good quality that repeats (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
