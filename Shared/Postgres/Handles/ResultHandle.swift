import CLibPQ

/// An answer of the server, freed at the end; what is needed of it is copied out.
@safe struct ResultHandle: ~Copyable {
    private let result: OpaquePointer

    /// What kind of answer it is.
    enum Kind {
        case rows, command, synchronised, aborted, failure
    }

    /// Takes over a `PGresult`.
    @unsafe init(owning result: OpaquePointer) {
        unsafe self.result = result
    }

    deinit {
        unsafe PQclear(result)
    }

    var kind: Kind {
        switch unsafe PQresultStatus(result) {
        case PGRES_TUPLES_OK: .rows
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .command
        case PGRES_PIPELINE_SYNC: .synchronised
        case PGRES_PIPELINE_ABORTED: .aborted
        default: .failure
        }
    }

    /// Whether a COMMIT turned out to be a ROLLBACK, because the transaction had failed.
    var saysRollback: Bool {
        guard let tag = unsafe PQcmdStatus(result) else { return false }
        return unsafe String(cString: tag) == "ROLLBACK"
    }

    /// Copies all values out.
    func rows() -> PostgresRows {
        let rowCount = Int(unsafe PQntuples(result))
        let columnCount = Int(unsafe PQnfields(result))
        var types: [PostgresOID] = []
        types.reserveCapacity(columnCount)
        for column in 0..<columnCount { types.append(unsafe PQftype(result, Int32(column))) }
        var cells: [PostgresRows.Cell] = []
        cells.reserveCapacity(rowCount * columnCount)
        var size = 0
        for row in 0..<Int32(rowCount) {
            for column in 0..<Int32(columnCount) {
                if unsafe PQgetisnull(result, row, column) == 1 {
                    cells.append(PostgresRows.Cell(start: size, length: -1))
                } else {
                    let length = Int(unsafe PQgetlength(result, row, column))
                    cells.append(PostgresRows.Cell(start: size, length: length))
                    size += length
                }
            }
        }
        return PostgresRows(
            affectedRows: affectedRows,
            count: rowCount,
            columnTypes: types,
            cells: cells,
            bytes: bytes(of: cells, columnCount: columnCount, size: size)
        )
    }

    private func bytes(of cells: [PostgresRows.Cell], columnCount: Int, size: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        for (index, cell) in cells.enumerated() where cell.length > 0 {
            let (row, column) = index.quotientAndRemainder(dividingBy: columnCount)
            guard let value = unsafe PQgetvalue(result, Int32(row), Int32(column)) else { continue }
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: cell.length))
        }
        return bytes
    }

    private var affectedRows: Int {
        guard let text = unsafe PQcmdTuples(result) else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }

    /// Copies the error out.
    func error(statement: String?) -> PostgresError {
        let state = field(UInt8(ascii: "C"))
        var details = PostgresError.Details(message: field(UInt8(ascii: "M")) ?? fallbackMessage, sqlState: state, statement: statement)
        details.constraint = field(UInt8(ascii: "n"))
        details.table = field(UInt8(ascii: "t"))
        details.detail = field(UInt8(ascii: "D"))
        details.hint = field(UInt8(ascii: "H"))
        let severity = field(UInt8(ascii: "V"))
        details.isFatal = severity == "FATAL" || severity == "PANIC" || state == nil
        var code = state.map(PostgresError.Code.init(sqlState:)) ?? .connectionLost
        // "cached plan must not change result type": the message is translated, the function's name is not.
        if state == "0A000", field(UInt8(ascii: "R")) == "RevalidateCachedQuery" { code = .stalePlan }
        return PostgresError(code: code, details: details)
    }

    private var fallbackMessage: String {
        guard let text = unsafe PQresultErrorMessage(result) else { return "" }
        return unsafe String(cString: text)
    }

    /// A field of an error (PostgreSQL manual, 55.8: error and notice message fields).
    private func field(_ code: UInt8) -> String? {
        guard let text = unsafe PQresultErrorField(result, Int32(code)) else { return nil }
        return unsafe String(cString: text)
    }
}
