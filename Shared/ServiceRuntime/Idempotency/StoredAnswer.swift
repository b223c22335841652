import HTTPTypes
import JSON
import Postgres

/// How an answer is kept in `messaging.idempotency_keys`: headers as a JSON array of pairs, because a name may come twice.
enum StoredAnswer {
    /// Has the answer written with what else the transaction writes. Replaces a row that has expired; nobody else can hold the key now.
    static func store(
        _ answer: JSONResponse,
        key: IdempotencyKey,
        scope: String,
        fingerprint: [UInt8],
        in transaction: borrowing Transaction
    ) {
        transaction.enqueue(
            """
            INSERT INTO messaging.idempotency_keys (scope, key, fingerprint, status, headers, body)
            VALUES (\(scope), \(key.text), \(fingerprint), \(Int32(answer.status.code)), \(text(of: answer.headers)), \(answer.body))
            ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
                headers = excluded.headers, body = excluded.body, created_at = now()
            """
        )
    }

    /// The answer of a row.
    ///
    /// - Throws: ``JSON/JSONError`` when the row was written by something else.
    static func answer(status: Int, headers: String, body: [UInt8]) throws -> JSONResponse {
        var fields = HTTPFields()
        for pair in try JSONValue(parsing: Array(headers.utf8)).arrayValue ?? [] {
            guard case .array(let parts) = pair, parts.count == 2, let name = parts[0].stringValue.flatMap({ HTTPField.Name($0) }),
                let value = parts[1].stringValue
            else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return JSONResponse(status: HTTPResponse.Status(code: status), headers: fields, body: body)
    }

    private static func text(of headers: HTTPFields) -> String {
        var writer = JSONWriter()
        writer.array { pairs in
            for field in headers {
                pairs.array { pair in
                    pair.element(field.name.rawName)
                    pair.element(field.value)
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
