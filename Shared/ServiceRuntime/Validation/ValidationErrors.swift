/// Collects what is wrong with a request, so that a client learns all of it at once.
///
/// At most 100 errors are kept: a body can hold thousands, and nobody reads them.
final class ValidationErrors {
    private(set) var errors: [FieldError] = []

    func append(_ pointer: String, _ detail: String) {
        if errors.count < 100 { errors.append(FieldError(pointer: pointer, detail: detail)) }
    }

    /// - Throws: `/problems/validation`, if there is anything to tell.
    func throwIfAny() throws(Problem) {
        if !errors.isEmpty { throw .validation(errors) }
    }

    /// Runs a reading; when it recorded errors they are what is thrown, whatever else the reading threw because of them.
    static func collecting<Value>(_ read: (ValidationErrors) throws -> Value) throws -> Value {
        let errors = ValidationErrors()
        do {
            let value = try read(errors)
            try errors.throwIfAny()
            return value
        } catch {
            try errors.throwIfAny()
            throw error
        }
    }
}
