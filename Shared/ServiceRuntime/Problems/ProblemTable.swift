import HTTPTypes

/// The rows of the HTTP contract's error table.
extension Problem {
    /// The body is not JSON.
    package static func malformedJSON(_ detail: String) -> Problem {
        Problem(type: "/problems/malformed-json", title: "The body is not JSON", status: .badRequest, detail: detail)
    }

    /// Something in the request is missing, of the wrong type or out of range.
    ///
    /// - Parameter errors: At least one.
    package static func validation(_ errors: [FieldError]) -> Problem {
        let detail = errors.count == 1 ? "One value is not acceptable." : "\(errors.count) values are not acceptable."
        var problem = Problem(
            type: "/problems/validation",
            title: "The request is not valid",
            status: .unprocessableContent,
            detail: detail
        )
        problem.errors = errors
        return problem
    }

    /// One value is wrong.
    package static func validation(_ pointer: String, _ detail: String) -> Problem {
        validation([FieldError(pointer: pointer, detail: detail)])
    }

    /// The body is over the limit.
    package static func tooLarge(limitBytes: Int) -> Problem {
        let detail = "The body may have at most \(limitBytes) bytes."
        return Problem(type: "/problems/too-large", title: "The body is too large", status: .contentTooLarge, detail: detail)
    }

    /// The body is of a media type that the route does not read.
    package static func unsupportedMediaType() -> Problem {
        Problem(
            type: "/problems/unsupported-media-type",
            title: "The media type is not supported",
            status: .unsupportedMediaType,
            detail: "The body must be application/json in UTF-8."
        )
    }

    /// There is no such thing.
    package static func notFound(_ detail: String = "There is nothing here.") -> Problem {
        Problem(type: "/problems/not-found", title: "There is no such thing", status: .notFound, detail: detail)
    }

    /// There is no such account (yet).
    package static func accountNotFound(_ detail: String = "There is no account for this user.") -> Problem {
        Problem(type: "/problems/account-not-found", title: "There is no such account", status: .notFound, detail: detail)
    }

    /// The path is known, the method is not.
    package static func methodNotAllowed(allow methods: [String]) -> Problem {
        var problem = Problem(
            type: "/problems/method-not-allowed",
            title: "The method is not allowed",
            status: .methodNotAllowed,
            detail: "This path answers \(methods.joined(separator: ", "))."
        )
        problem.headers[.allow] = methods.joined(separator: ", ")
        return problem
    }

    /// Somebody has registered this e-mail address already.
    package static func emailTaken() -> Problem {
        Problem(
            type: "/problems/email-taken",
            title: "The e-mail address is taken",
            status: .conflict,
            detail: "A user with this e-mail address exists already."
        )
    }

    /// The state of the thing does not allow it.
    package static func conflict(_ detail: String) -> Problem {
        Problem(type: "/problems/conflict", title: "The state does not allow it", status: .conflict, detail: detail)
    }

    /// The withdrawal is above the balance.
    package static func insufficientFunds(_ detail: String = "The balance does not cover the amount.") -> Problem {
        Problem(type: "/problems/insufficient-funds", title: "The funds are insufficient", status: .conflict, detail: detail)
    }

    /// The same Idempotency-Key came with another request.
    package static func idempotencyKeyReused() -> Problem {
        Problem(
            type: "/problems/idempotency-key-reused",
            title: "The idempotency key was used for another request",
            status: .unprocessableContent,
            detail: "A key may be repeated only with the very same request."
        )
    }

    /// The first request with this Idempotency-Key has not ended.
    package static func idempotencyKeyInUse() -> Problem {
        Problem(
            type: "/problems/idempotency-key-in-use",
            title: "The idempotency key is in use",
            status: .conflict,
            detail: "The first request with this key is still running."
        )
        .retry(afterSeconds: 1)
    }

    /// There is no token, or a bad one.
    package static func unauthorized(_ detail: String = "A valid bearer token is needed.") -> Problem {
        var problem = Problem(type: "/problems/unauthorized", title: "Authentication is needed", status: .unauthorized, detail: detail)
        problem.headers[.wwwAuthenticate] = "Bearer"
        return problem
    }

    /// The caller is known and may not do this.
    package static func forbidden(_ detail: String = "This is not yours.") -> Problem {
        Problem(type: "/problems/forbidden", title: "This is not allowed", status: .forbidden, detail: detail)
    }

    /// The caller asks too often.
    package static func tooManyRequests(retryAfterSeconds: Int) -> Problem {
        let detail = "Too many requests; try again in \(retryAfterSeconds) s."
        return Problem(type: "/problems/too-many-requests", title: "Too many requests", status: .tooManyRequests, detail: detail)
            .retry(afterSeconds: retryAfterSeconds)
    }

    /// A bounded queue is full.
    package static func overloaded(retryAfterSeconds: Int = 1) -> Problem {
        let detail = "The service has as much to do as it can take; try again soon."
        return Problem(type: "/problems/overloaded", title: "The service is overloaded", status: .serviceUnavailable, detail: detail)
            .retry(afterSeconds: retryAfterSeconds)
    }

    /// Something that the service needs cannot be reached.
    package static func unavailable(
        _ detail: String = "The service cannot answer at the moment; try again soon.",
        retryAfterSeconds: Int = 1
    ) -> Problem {
        Problem(type: "/problems/unavailable", title: "The service is unavailable", status: .serviceUnavailable, detail: detail)
            .retry(afterSeconds: retryAfterSeconds)
    }

    /// The same problem, with `Retry-After`.
    private func retry(afterSeconds seconds: Int) -> Problem {
        var problem = self
        problem.headers[.retryAfter] = String(seconds)
        return problem
    }
}

/// Cases of the protocol itself.
extension Problem {
    /// The request cannot be read.
    static func badRequest(_ detail: String) -> Problem {
        Problem(type: "/problems/bad-request", title: "The request cannot be read", status: .badRequest, detail: detail)
    }

    /// The body took too long to arrive.
    static func requestTimeout() -> Problem {
        let detail = "The body did not arrive in time."
        return Problem(type: "/problems/request-timeout", title: "The request took too long", status: .requestTimeout, detail: detail)
    }

    /// Our mistake. Tells nothing; the log has it.
    static func internalError() -> Problem {
        Problem(
            type: "about:blank",
            title: "Internal Server Error",
            status: .internalServerError,
            detail: "Something went wrong on our side."
        )
    }
}
