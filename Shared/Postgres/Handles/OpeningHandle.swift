import CLibPQ

extension ConnectionHandle {
    /// Makes a connection. Blocks for at most the configured time, name resolution aside; a cancellation ends it.
    ///
    /// - Throws: `.connectionFailed`, `.cancelled`.
    static func open(
        _ configuration: PostgresConfiguration,
        wakeUp: WakeUpHandle,
        cancellation: Cancellation?
    ) throws(PostgresError) -> ConnectionHandle {
        let handle = try start(configuration, wakeUp: wakeUp)
        let deadline = ContinuousClock.now + configuration.connectTimeout
        var reading = false
        while true {
            if cancellation?.isRequested == true { throw PostgresError(.cancelled, "The task was cancelled.") }
            switch wait(for: handle.socket, reading: reading, writing: !reading, or: wakeUp, until: deadline) {
            case .timedOut: throw PostgresError(.connectionFailed, "The server did not answer in time.")
            case .woken: wakeUp.drain()
            case .socket:
                switch unsafe PQconnectPoll(handle.connection) {
                case PGRES_POLLING_READING: reading = true
                case PGRES_POLLING_WRITING: reading = false
                case PGRES_POLLING_OK: return try handle.opened()
                default: throw handle.connectionFailure()
                }
            }
        }
    }

    private static func start(_ configuration: PostgresConfiguration, wakeUp: WakeUpHandle) throws(PostgresError) -> ConnectionHandle {
        let options = configuration.connectionOptions
        let connection = unsafe withCStrings(options.map(\.name)) { names in
            unsafe withCStrings(options.map(\.value)) { values in
                unsafe PQconnectStartParams(names, values, 0)
            }
        }
        guard let connection = unsafe connection else { throw PostgresError(.connectionFailed, "There is no memory for a connection.") }
        let handle = unsafe ConnectionHandle(owning: connection, wakeUp: wakeUp, configuration: configuration)
        // The verbose form carries the SQLSTATE, which libpq offers no other way to learn while connecting.
        unsafe PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
        if unsafe PQstatus(connection) == CONNECTION_BAD { throw handle.connectionFailure() }
        return handle
    }

    private func opened() throws(PostgresError) -> ConnectionHandle {
        unsafe PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        guard unsafe PQsetnonblocking(connection, 1) == 0, unsafe PQenterPipelineMode(connection) == 1 else {
            throw connectionFailure()
        }
        if let cancel = unsafe PQgetCancel(connection) { cancelHandle = unsafe CancelHandle(owning: cancel) }
        return self
    }

    private func connectionFailure() -> PostgresError {
        let message = complaint
        return PostgresError(code: .connectionFailed, details: .init(message: message, sqlState: sqlState(in: message)))
    }
}

/// The SQLSTATE in `…: FATAL:  28P01: password authentication failed…`.
func sqlState(in message: String) -> String? {
    message.split(separator: " ").first { word in
        word.utf8.count == 6 && word.utf8.last == UInt8(ascii: ":")
            && word.utf8.dropLast().allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
            && word.utf8.contains { (48...57).contains($0) }
    }.map { String($0.dropLast()) }
}

/// Lends an array of C strings that ends with a null pointer.
@unsafe private func withCStrings<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
    var storage: [CChar] = []
    var starts: [Int] = []
    for string in strings {
        starts.append(storage.count)
        storage.append(contentsOf: string.utf8CString)
    }
    return unsafe storage.withUnsafeBufferPointer { bytes in
        var pointers: [UnsafePointer<CChar>?] = unsafe []
        for start in starts { unsafe pointers.append(bytes.baseAddress.map { unsafe $0 + start }) }
        unsafe pointers.append(nil)
        return unsafe pointers.withUnsafeBufferPointer { array in
            // There is always the null pointer at the end, so there is an address.
            unsafe body(array.baseAddress!)
        }
    }
}
