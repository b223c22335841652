import Postgres
import Testing

/// Expects an error of the database with this code, and returns it.
@discardableResult
func expectError(
    _ code: PostgresError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async -> PostgresError? {
    do {
        try await body()
        Issue.record("nothing was thrown where \(code) is expected", sourceLocation: sourceLocation)
    } catch let error as PostgresError {
        #expect(error.code == code, "\(error.debugDescription)", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("\(error) was thrown where \(code) is expected", sourceLocation: sourceLocation)
    }
    return nil
}
