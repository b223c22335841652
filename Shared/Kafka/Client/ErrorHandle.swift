import CRDKafka

extension KafkaError {
    /// The error behind a code that librdkafka returned; `nil` for success.
    init?(_ code: rd_kafka_resp_err_t, detail: String = "", file: String = #fileID, line: Int = #line) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        self.init(Code(code), detail: detail, isFatal: code == RD_KAFKA_RESP_ERR__FATAL, file: file, line: line)
    }

    /// Takes over an error object of librdkafka, copies what it says and frees it; `nil` for `NULL`, which means success.
    init?(consuming error: OpaquePointer?, file: String = #fileID, line: Int = #line) {
        guard let error = unsafe error else { return nil }
        defer { unsafe rd_kafka_error_destroy(error) }
        self.init(
            Code(unsafe rd_kafka_error_code(error)),
            detail: unsafe String(cString: rd_kafka_error_string(error)),
            isFatal: unsafe rd_kafka_error_is_fatal(error) != 0,
            file: file,
            line: line
        )
    }
}

extension KafkaError.Code {
    init(_ code: rd_kafka_resp_err_t) {
        self.init(rawValue: code.rawValue)
    }

    /// librdkafka's name, `_TRANSPORT` or `UNKNOWN_TOPIC_OR_PART`.
    package var name: String {
        self == .notAttempted ? "NOT_ATTEMPTED" : unsafe String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue)))
    }

    /// One sentence that says what the code means.
    package var summary: String {
        self == .notAttempted
            ? "Not attempted: an earlier record of the call failed"
            : unsafe String(cString: rd_kafka_err2str(rd_kafka_resp_err_t(rawValue)))
    }
}
