import CLibPQ

/// Lets libpq read a connection URL or `key=value` string.
///
/// - Throws: `.invalidConfiguration`, without the string, which may hold a password.
func parseConnectionString(_ text: String) throws(PostgresError) -> [String: String] {
    guard !text.isEmpty, !text.utf8.contains(0) else {
        throw PostgresError(.invalidConfiguration, "The connection URL is empty or holds a NUL byte.")
    }
    var complaint: UnsafeMutablePointer<CChar>?
    guard let first = unsafe PQconninfoParse(text, &complaint) else {
        unsafe PQfreemem(complaint)
        throw PostgresError(.invalidConfiguration, "The connection URL cannot be read.")
    }
    defer { unsafe PQconninfoFree(first) }
    var options: [String: String] = [:]
    var next = unsafe first
    while let keyword = unsafe next.pointee.keyword {
        if let value = unsafe next.pointee.val {
            unsafe options[String(cString: keyword)] = String(cString: value)
        }
        unsafe next += 1
    }
    return options
}
