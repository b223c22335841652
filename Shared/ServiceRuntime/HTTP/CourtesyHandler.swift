import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// What the server does not say by itself: leave to send a body, and why a request could not even be parsed.
///
/// - A client that asks (`Expect: 100-continue`, RFC 9110, section 10.1.1) and announces a body within the limit is told to go on; otherwise
///   it would wait for a second. Other requests wait for their answer, which is 413.
/// - The parser's bare 400 gets a problem as its body and a request id, as every error has.
final class CourtesyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let bodyLimitBytes: Int
    private let unparsable: CounterCell
    /// Requests of this connection that have no whole response yet. Leave must not be given into the middle of another response.
    private var unanswered = 0

    init(bodyLimitBytes: Int, metrics: PrometheusRegistry) {
        self.bodyLimitBytes = bodyLimitBytes
        unparsable = metrics.counter(MetricNames.requests, [("method", "other"), ("route", "unparsable"), ("status", "400")])
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            unanswered += 1
            if unanswered == 1, Expectation.isContinue(head.headerFields), fits(head.headerFields) {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status == .badRequest && head.headerFields[.requestID] == nil:
            unparsable.increment(by: 1.0)
            let (head, body) = Self.problem()
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(body)), promise: promise)
        case .end:
            unanswered -= 1
            context.write(data, promise: promise)
        default:
            context.write(data, promise: promise)
        }
    }

    private func fits(_ headers: HTTPFields) -> Bool {
        headers[.contentLength].flatMap { Int($0) }.map { $0 <= bodyLimitBytes } ?? true
    }

    private static func problem() -> (HTTPResponse, ByteBuffer) {
        let id = RequestScopeMiddleware.newID()
        let problem = Problem.badRequest("This is not HTTP as we read it, or the request line or the headers are too long.")
        let body = problem.body(requestID: id)
        var head = HTTPResponse(status: .badRequest)
        head.headerFields[.contentType] = MediaTypes.problem
        head.headerFields[.contentLength] = String(body.count)
        head.headerFields[.connection] = "close"
        head.headerFields[.requestID] = id
        return (head, ByteBuffer(bytes: body))
    }
}

/// What a client expects before it sends its body.
enum Expectation {
    /// Whether it waits for leave.
    static func isContinue(_ headers: HTTPFields) -> Bool {
        headers[.expect].map { $0.lowercased() == "100-continue" } ?? false
    }
}
