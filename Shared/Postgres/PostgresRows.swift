/// What a statement returned, copied out of libpq: it may be kept and sent anywhere.
package struct PostgresRows: Sendable, RandomAccessCollection {
    /// How many rows the statement inserted, updated, deleted or returned.
    package let affectedRows: Int
    /// The types of the columns, in order.
    package let columnTypes: [PostgresOID]
    package let startIndex = 0
    package let endIndex: Int

    /// Row by row, column by column.
    private let cells: [Cell]
    private let bytes: [UInt8]

    /// Where a value lies in `bytes`; a length of -1 is NULL.
    struct Cell: Sendable {
        let start: Int
        let length: Int
    }

    init(affectedRows: Int, count: Int, columnTypes: [PostgresOID], cells: [Cell], bytes: [UInt8]) {
        self.affectedRows = affectedRows
        self.columnTypes = columnTypes
        self.cells = cells
        self.bytes = bytes
        endIndex = count
    }

    package subscript(position: Int) -> PostgresRow {
        precondition(position >= 0 && position < endIndex, "there is no such row")
        return PostgresRow(rows: self, position: position)
    }

    /// Reads every row as a tuple of these types, from the first column on.
    ///
    /// - Throws: `.decoding`, when a value does not fit, or there are fewer columns.
    package func decode<each Value: PostgresDecodable>(
        _ types: repeat (each Value).Type
    ) throws(PostgresError) -> [(repeat each Value)] {
        var decoded: [(repeat each Value)] = []
        decoded.reserveCapacity(count)
        for row in 0..<endIndex {
            var column = 0
            decoded.append((repeat try next((each Value).self, row, &column)))
        }
        return decoded
    }

    /// Reads the first column of every row.
    ///
    /// - Throws: `.decoding`, when a value does not fit, or there is no column.
    package func decode<Value: PostgresDecodable>(_ type: Value.Type) throws(PostgresError) -> [Value] {
        var decoded: [Value] = []
        decoded.reserveCapacity(count)
        for row in 0..<endIndex { decoded.append(try value(type, row: row, column: 0)) }
        return decoded
    }

    fileprivate func next<Value: PostgresDecodable>(_ type: Value.Type, _ row: Int, _ column: inout Int) throws(PostgresError) -> Value {
        defer { column += 1 }
        return try value(type, row: row, column: column)
    }

    fileprivate func value<Value: PostgresDecodable>(_ type: Value.Type, row: Int, column: Int) throws(PostgresError) -> Value {
        guard column >= 0, column < columnTypes.count else {
            throw PostgresError(.decoding, "Column \(column) is asked of \(columnTypes.count).")
        }
        let cell = cells[row * columnTypes.count + column]
        guard cell.length >= 0 else { return try Value.postgresNull() }
        return try Value(postgresBinary: bytes[cell.start..<cell.start + cell.length], type: columnTypes[column])
    }
}

/// One row of what a statement returned.
package struct PostgresRow: Sendable {
    fileprivate let rows: PostgresRows
    fileprivate let position: Int

    /// Reads the first columns as a tuple of these types; an optional type takes NULL.
    ///
    /// - Throws: `.decoding`, when a value does not fit, or there are fewer columns.
    package func decode<each Value: PostgresDecodable>(
        _ types: repeat (each Value).Type
    ) throws(PostgresError) -> (repeat each Value) {
        var column = 0
        return (repeat try rows.next((each Value).self, position, &column))
    }

    /// Reads the first column.
    ///
    /// - Throws: `.decoding`, when the value does not fit, or there is no column.
    package func decode<Value: PostgresDecodable>(_ type: Value.Type) throws(PostgresError) -> Value {
        try rows.value(type, row: position, column: 0)
    }

    /// Reads one column.
    ///
    /// - Parameter index: The column, counted from 0.
    /// - Throws: `.decoding`, when the value does not fit, or there is no such column.
    package func decode<Value: PostgresDecodable>(_ type: Value.Type, at index: Int) throws(PostgresError) -> Value {
        try rows.value(type, row: position, column: index)
    }
}
