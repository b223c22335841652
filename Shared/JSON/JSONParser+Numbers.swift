extension JSONParser {
    /// A number. What has neither fraction nor exponent and fits is an integer, computed on the way; the rest is left to `Double`.
    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = try take(UInt8(ascii: "-"))
        let integer = try integerPart(isNegative: isNegative, from: start)
        var isInteger = true
        if next(is: UInt8(ascii: ".")) {
            isInteger = false
            position += 1
            try digits(from: start)
        }
        if next(is: UInt8(ascii: "e")) || next(is: UInt8(ascii: "E")) {
            isInteger = false
            position += 1
            if next(is: UInt8(ascii: "+")) || next(is: UInt8(ascii: "-")) { position += 1 }
            try digits(from: start)
        }
        if isInteger, let integer { return .integer(integer) }
        guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw JSONError(.invalidNumber, at: start)
        }
        guard number.isFinite else { throw JSONError(.numberOutOfRange, at: start) }
        return .number(number)
    }

    /// The digits before fraction and exponent; `nil` if they do not fit 64 bits.
    private mutating func integerPart(isNegative: Bool, from start: Int) throws(JSONError) -> Int64? {
        let firstDigit = position
        var sum: Int64? = 0
        // Added up below zero, where there is room for Int64.min.
        while let digit = currentDigit() {
            if let soFar = sum {
                let (tens, tooMany) = soFar.multipliedReportingOverflow(by: 10)
                let (total, tooMuch) = tens.subtractingReportingOverflow(digit)
                sum = tooMany || tooMuch ? nil : total
            }
            position += 1
        }
        guard position > firstDigit else { throw numberError(from: start) }
        if bytes[firstDigit] == UInt8(ascii: "0"), position > firstDigit + 1 { throw JSONError(.invalidNumber, at: start) }
        guard !isNegative, let negative = sum else { return sum }
        return negative == .min ? nil : -negative
    }

    /// At least one digit of a fraction or an exponent.
    private mutating func digits(from start: Int) throws(JSONError) {
        guard currentDigit() != nil else { throw numberError(from: start) }
        while currentDigit() != nil { position += 1 }
    }

    private func currentDigit() -> Int64? {
        guard position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] else { return nil }
        return Int64(bytes[position] - UInt8(ascii: "0"))
    }

    private func next(is byte: UInt8) -> Bool {
        position < bytes.count && bytes[position] == byte
    }

    /// Digits are missing: either the document ends here or something else is in their place.
    private func numberError(from start: Int) -> JSONError {
        position < bytes.count ? JSONError(.invalidNumber, at: start) : JSONError(.unexpectedEnd, at: position)
    }
}
