package import JSON

/// Reads the fields of one JSON object of a request, and remembers everything that is wrong with them.
///
/// Each function returns the field's value, or, after recording an error under the field's pointer, a stand-in for it. The stand-ins never
/// leave the closure they are read in: whoever lent the reader throws all errors together when the closure ends. Unknown fields are ignored,
/// `null` counts as absent, and texts are taken as they are: nothing is trimmed.
///
/// ```swift
/// let user = try context.fields(of: request) { fields in
///     NewUser(email: fields.email("email"), name: fields.string("name", length: 1...200), currency: fields.optionalCurrency("currency"))
/// }
/// ```
package struct FieldReader {
    /// Where this object is: "" for the whole body.
    package let pointer: String
    private let object: JSONObject
    let errors: ValidationErrors

    init(_ object: JSONObject, at pointer: String, errors: ValidationErrors) {
        self.object = object
        self.pointer = pointer
        self.errors = errors
    }

    /// Whether a field is there and not `null`.
    package func has(_ name: String) -> Bool {
        value(name) != nil
    }

    /// A field as it is; `nil` when it is absent or `null`.
    package func value(_ name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// Whether nothing was wrong so far. Rules between fields are looked at only then, or they would judge stand-ins.
    package var isValid: Bool { errors.errors.isEmpty }

    /// Records an error of a field, or of a rule between fields.
    package func fail(_ name: String, _ detail: String) {
        errors.append(pointer(to: name), detail)
    }

    /// A field by any rule.
    ///
    /// - Parameters:
    ///   - standIn: Returned after an error.
    ///   - read: The value, or why it is none.
    package func required<Value>(
        _ name: String,
        standIn: @autoclosure () -> Value,
        _ read: (JSONValue) -> Result<Value, FieldRejection>
    ) -> Value {
        guard let value = value(name) else {
            fail(name, "is required")
            return standIn()
        }
        return accepted(name, read(value)) ?? standIn()
    }

    /// The same for a field that may be left out.
    package func optional<Value>(_ name: String, _ read: (JSONValue) -> Result<Value, FieldRejection>) -> Value? {
        value(name).flatMap { accepted(name, read($0)) }
    }

    /// A nested object.
    ///
    /// - Returns: `nil` after an error.
    package func object<Value>(_ name: String, _ read: (FieldReader) throws -> Value) rethrows -> Value? {
        guard let value = value(name) else {
            fail(name, "is required")
            return nil
        }
        guard case .object(let nested) = value else {
            fail(name, "must be an object")
            return nil
        }
        return try read(FieldReader(nested, at: pointer(to: name), errors: errors))
    }

    /// An array of objects. Elements beyond the range are not looked at.
    ///
    /// - Returns: The elements; stand-ins after an error.
    package func array<Element>(
        _ name: String,
        count: ClosedRange<Int>,
        of read: (FieldReader) throws -> Element
    ) rethrows -> [Element] {
        guard let value = value(name) else {
            fail(name, "is required")
            return []
        }
        guard case .array(let elements) = value else {
            fail(name, "must be an array")
            return []
        }
        guard count.contains(elements.count) else {
            fail(name, "must have \(count.lowerBound) to \(count.upperBound) elements")
            return []
        }
        var collected: [Element] = []
        collected.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            let place = pointer(to: name) + "/\(index)"
            guard case .object(let nested) = element else {
                errors.append(place, "must be an object")
                continue
            }
            collected.append(try read(FieldReader(nested, at: place, errors: errors)))
        }
        return collected
    }

    private func accepted<Value>(_ name: String, _ result: Result<Value, FieldRejection>) -> Value? {
        switch result {
        case .success(let value): return value
        case .failure(let rejection):
            errors.append(pointer(to: name) + rejection.pointer, rejection.detail)
            return nil
        }
    }

    private func pointer(to name: String) -> String {
        pointer + JSONDecodingError.pointer(to: name)
    }
}

/// Why a field's value is not acceptable.
package struct FieldRejection: Error, Sendable, Hashable {
    /// Where in the field; "" for the field itself.
    package let pointer: String
    /// What it should be: "must be an integer".
    package let detail: String

    package init(_ detail: String, at pointer: String = "") {
        self.detail = detail
        self.pointer = pointer
    }
}
