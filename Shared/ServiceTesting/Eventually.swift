/// Waits until a condition holds that something else will bring about, and no longer than it must.
///
/// The condition is looked at again after a pause of 1 ms that grows to 50 ms, so a test is as fast as what it waits for.
///
/// - Parameters:
///   - limit: When to give up.
///   - what: What is waited for, told when it does not come.
/// - Throws: ``EventuallyTimedOut``; what the condition throws; `CancellationError`.
package func eventually(
    within limit: Duration = .seconds(10),
    _ what: String = "the condition",
    file: StaticString = #fileID,
    line: UInt = #line,
    _ condition: () async throws -> Bool
) async throws {
    try await eventually(within: limit, what, file: file, line: line) { () async throws -> Void? in
        try await condition() ? () : nil
    }
}

/// Waits until there is a value, and returns it.
///
/// - Throws: ``EventuallyTimedOut``; what the condition throws; `CancellationError`.
@discardableResult
package func eventually<Value>(
    within limit: Duration = .seconds(10),
    _ what: String = "the condition",
    file: StaticString = #fileID,
    line: UInt = #line,
    _ value: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    var pause = Duration.milliseconds(1)
    while true {
        if let value = try await value() { return value }
        guard .now < deadline else { throw EventuallyTimedOut(description: "\(file):\(line): \(what) did not hold within \(limit).") }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(50))
    }
}

/// What was waited for did not come.
package struct EventuallyTimedOut: Error, CustomStringConvertible {
    /// Where, what, and how long.
    package let description: String
}
