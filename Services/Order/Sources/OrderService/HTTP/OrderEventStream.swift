import HTTPTypes
import Hummingbird
import JSON
import NIOCore

/// An order's states as server-sent events (WHATWG HTML, section 9.2), until it is final or five minutes are over.
struct OrderEventStream {
    static let longest = Duration.seconds(300)

    let order: Order
    let awaitDecision: AwaitDecision

    /// Whether the client asked for a stream: `Accept: text/event-stream`.
    static func isWanted(_ headers: HTTPFields) -> Bool {
        headers[values: .accept].contains { $0.lowercased().contains("text/event-stream") }
    }

    var response: Response {
        let body = ResponseBody { [order, awaitDecision] writer in
            var states = awaitDecision.follow(order.id, within: Self.longest)
            while let update = try await states.next() {
                switch update {
                case .state(let current): try await writer.write(Self.event(current))
                case .nothingNew: try await writer.write(ByteBuffer(string: ":\n\n"))
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    /// The event's id is the order's version.
    private static func event(_ order: Order) -> ByteBuffer {
        ByteBuffer(string: "event: status\nid: \(order.version)\ndata: \(String(decoding: jsonBytes(order), as: UTF8.self))\n\n")
    }
}
