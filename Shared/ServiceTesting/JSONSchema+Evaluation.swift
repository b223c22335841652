import JSON

/// One pass of a document through a schema, collecting what is wrong.
struct JSONSchemaEvaluation {
    let root: JSONValue
    private(set) var violations: [JSONSchemaViolation] = []

    /// More references and levels than any document of ours has: what goes deeper is a reference to itself.
    private static let maximumDepth = 128

    init(root: JSONValue) {
        self.root = root
    }

    mutating func apply(_ schema: JSONValue, to value: JSONValue, at pointer: String, depth: Int) {
        if let allowed = schema.boolValue {
            if !allowed { report("is not allowed", pointer) }
            return
        }
        guard depth < Self.maximumDepth else { return report("is nested too deeply, or its schema refers to itself", pointer) }
        for (keyword, operand) in schema.objectValue ?? [:] {
            switch keyword {
            case "$ref":
                if let target = operand.stringValue.flatMap({ JSONSchema.resolve($0, in: root) }) {
                    apply(target, to: value, at: pointer, depth: depth + 1)
                }
            case "type":
                let names = (operand.arrayValue ?? [operand]).compactMap(\.stringValue)
                if !names.contains(where: { isType($0, value) }) { report("must be of type \(names.joined(separator: " or "))", pointer) }
            case "enum":
                if !(operand.arrayValue ?? []).contains(where: { isSame($0, value) }) { report("must be one of \(operand)", pointer) }
            case "const":
                if !isSame(operand, value) { report("must be \(operand)", pointer) }
            case "allOf", "anyOf", "oneOf", "not":
                applyCombination(keyword, operand, to: value, at: pointer, depth: depth)
            default:
                if let members = value.objectValue {
                    applyObjectKeyword(keyword, operand, of: schema, to: members, at: pointer, depth: depth)
                } else if let elements = value.arrayValue {
                    applyArrayKeyword(keyword, operand, to: elements, at: pointer, depth: depth)
                } else if let text = value.stringValue {
                    applyTextKeyword(keyword, operand, to: text, at: pointer)
                } else if value.doubleValue != nil {
                    applyNumberKeyword(keyword, operand, to: value, at: pointer)
                }
            }
        }
    }

    private mutating func applyCombination(_ keyword: String, _ operand: JSONValue, to value: JSONValue, at pointer: String, depth: Int) {
        let matches = (operand.arrayValue ?? [operand]).map { schema in
            var attempt = JSONSchemaEvaluation(root: root)
            attempt.apply(schema, to: value, at: pointer, depth: depth + 1)
            return attempt.violations
        }
        let valid = matches.count { $0.isEmpty }
        switch keyword {
        case "allOf": violations += matches.joined()
        case "anyOf": if valid == 0 { report("must match at least one schema of anyOf", pointer) }
        case "oneOf": if valid != 1 { report("must match exactly one schema of oneOf, but matches \(valid)", pointer) }
        default: if valid != 0 { report("must not match the schema of not", pointer) }
        }
    }

    private mutating func applyObjectKeyword(
        _ keyword: String,
        _ operand: JSONValue,
        of schema: JSONValue,
        to members: JSONObject,
        at pointer: String,
        depth: Int
    ) {
        switch keyword {
        case "required":
            for name in (operand.arrayValue ?? []).compactMap(\.stringValue) where members[name] == nil {
                report("is required", pointer + JSONDecodingError.pointer(to: name))
            }
        case "properties":
            for (name, property) in operand.objectValue ?? [:] {
                guard let member = members[name] else { continue }
                apply(property, to: member, at: pointer + JSONDecodingError.pointer(to: name), depth: depth + 1)
            }
        case "additionalProperties":
            for (name, member) in members where schema["properties"]?[name] == nil {
                apply(operand, to: member, at: pointer + JSONDecodingError.pointer(to: name), depth: depth + 1)
            }
        default: break
        }
    }

    private mutating func applyArrayKeyword(
        _ keyword: String,
        _ operand: JSONValue,
        to elements: [JSONValue],
        at pointer: String,
        depth: Int
    ) {
        let limit = operand.integerValue ?? 0
        switch keyword {
        case "items":
            for (index, element) in elements.enumerated() { apply(operand, to: element, at: "\(pointer)/\(index)", depth: depth + 1) }
        case "minItems": if elements.count < limit { report("must have at least \(limit) elements", pointer) }
        case "maxItems": if elements.count > limit { report("must have at most \(limit) elements", pointer) }
        case "uniqueItems":
            let hasRepeats = elements.indices.contains { first in elements[..<first].contains { isSame($0, elements[first]) } }
            if operand == true, hasRepeats { report("must not have an element twice", pointer) }
        default: break
        }
    }

    private mutating func applyTextKeyword(_ keyword: String, _ operand: JSONValue, to text: String, at pointer: String) {
        let limit = operand.integerValue ?? 0
        switch keyword {
        case "minLength": if text.unicodeScalars.count < limit { report("must have at least \(limit) characters", pointer) }
        case "maxLength": if text.unicodeScalars.count > limit { report("must have at most \(limit) characters", pointer) }
        case "pattern": if !JSONSchemaText.matches(text, pattern: operand.stringValue ?? "") { report("must match \(operand)", pointer) }
        case "format":
            if !JSONSchemaText.isValid(text, format: operand.stringValue ?? "") { report("must have the format \(operand)", pointer) }
        default: break
        }
    }

    private mutating func applyNumberKeyword(_ keyword: String, _ operand: JSONValue, to number: JSONValue, at pointer: String) {
        switch keyword {
        case "minimum": if isLess(number, operand) { report("must be at least \(operand)", pointer) }
        case "maximum": if isLess(operand, number) { report("must be at most \(operand)", pointer) }
        case "exclusiveMinimum": if !isLess(operand, number) { report("must be more than \(operand)", pointer) }
        case "exclusiveMaximum": if !isLess(number, operand) { report("must be less than \(operand)", pointer) }
        default: break
        }
    }

    private mutating func report(_ detail: String, _ pointer: String) {
        violations.append(JSONSchemaViolation(pointer: pointer, detail: detail))
    }
}

private func isType(_ name: String, _ value: JSONValue) -> Bool {
    switch (name, value) {
    case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object): true
    case ("number", .integer), ("number", .number), ("integer", .integer): true
    case ("integer", .number(let number)): number.rounded() == number
    default: false
    }
}

/// Equality as JSON Schema means it: numbers by value, so that 1 is 1.0.
private func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    switch (left, right) {
    case (.integer(let integer), .number(let number)), (.number(let number), .integer(let integer)):
        Int64(exactly: number) == integer
    case (.array(let left), .array(let right)):
        left.count == right.count && zip(left, right).allSatisfy(isSame)
    case (.object(let left), .object(let right)):
        left.count == right.count && left.allSatisfy { name, value in right[name].map { isSame(value, $0) } ?? false }
    default: left == right
    }
}

private func isLess(_ left: JSONValue, _ right: JSONValue) -> Bool {
    if let left = left.integerValue, let right = right.integerValue { return left < right }
    return (left.doubleValue ?? 0) < (right.doubleValue ?? 0)
}
