import NIOCore
import NIOPosix
import Synchronization

/// What a scripted mail server does with the nth command of a kind on a connection; what is not scripted succeeds.
enum SMTPStep: Sendable {
    case reply(String)
    /// No reply to this or to anything after it.
    case silence
    case hangUp
    case replyAndHangUp(String)
}

/// The script of one connection.
struct SMTPScript: Sendable {
    /// The lines of the answer to EHLO after the first.
    var capabilities = ["PIPELINING", "8BITMIME", "SIZE 100000"]
    /// Steps by verb, nth step for the nth time; the verbs are those of SMTP and GREETING and MESSAGE.
    var steps: [String: [SMTPStep?]] = [:]
}

/// A mail server on a port of its own that follows scripts, one per connection; the last script serves all later connections.
final class ScriptedSMTPServer: Sendable {
    struct Log: Sendable {
        /// Commands by connection.
        var connections: [[String]] = []
        /// Messages as they came, dots still stuffed, without the final dot.
        var messages: [String] = []
        /// Whether a command came in one packet with the one before.
        var sawPipelining = false
    }

    let port: Int
    /// Every verb as it is met.
    let verbs: AsyncStream<String>
    private let channel: any Channel
    private let log: LogBox

    final class LogBox: Sendable {
        let log = Mutex(Log())
    }

    var received: Log { log.log.withLock { $0 } }

    private init(channel: any Channel, log: LogBox, verbs: AsyncStream<String>) {
        self.channel = channel
        self.port = channel.localAddress?.port ?? 0
        self.log = log
        self.verbs = verbs
    }

    /// Runs a server for as long as `body` runs.
    static func with(_ scripts: SMTPScript..., body: (ScriptedSMTPServer) async throws -> Void) async throws {
        let log = LogBox()
        let (verbs, continuation) = AsyncStream.makeStream(of: String.self)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let number = log.log.withLock { log in
                    log.connections.append([])
                    return log.connections.count - 1
                }
                return channel.eventLoop.makeCompletedFuture {
                    let script = scripts[min(number, scripts.count - 1)]
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(script, number, log, continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedSMTPServer(channel: channel, log: log, verbs: verbs)
        do {
            try await body(server)
            try await channel.close()
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Returns when a verb has been met `count` times since the last call.
    func meets(_ verb: String, times count: Int = 1) async {
        var left = count
        for await met in verbs where met == verb {
            left -= 1
            if left == 0 { return }
        }
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let script: SMTPScript
    private let number: Int
    private let log: ScriptedSMTPServer.LogBox
    private let verbs: AsyncStream<String>.Continuation
    private var met: [String: Int] = [:]
    private var input = ""
    private var message: String?
    private var isSilent = false

    init(_ script: SMTPScript, _ number: Int, _ log: ScriptedSMTPServer.LogBox, _ verbs: AsyncStream<String>.Continuation) {
        (self.script, self.number, self.log, self.verbs) = (script, number, log, verbs)
    }

    func channelActive(context: ChannelHandlerContext) {
        act(on: "GREETING", orReply: "220 mail.example ESMTP", context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        input += String(buffer: unwrapInboundIn(data))
        while let line = nextLine() {
            if let text = message {
                if line == "." {
                    log.log.withLock { $0.messages.append(text) }
                    message = nil
                    act(on: "MESSAGE", orReply: "250 2.0.0 queued", context)
                } else {
                    message = text + line + "\r\n"
                }
            } else {
                command(line, context)
            }
        }
    }

    private func nextLine() -> String? {
        guard let end = input.firstRange(of: "\r\n") else { return nil }
        defer { input = String(input[end.upperBound...]) }
        return String(input[..<end.lowerBound])
    }

    private func command(_ line: String, _ context: ChannelHandlerContext) {
        log.log.withLock {
            $0.connections[number].append(line)
            if !input.isEmpty { $0.sawPipelining = true }
        }
        let verb = line.prefix { $0 != " " }.uppercased()
        switch verb {
        case "EHLO":
            let lines = ["mail.example"] + script.capabilities
            let reply = lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)" }.joined(separator: "\r\n")
            act(on: verb, orReply: reply, context)
        case "AUTH": act(on: verb, orReply: "235 2.7.0 welcome", context)
        case "DATA": act(on: verb, orReply: "354 go ahead", context)
        case "QUIT": act(on: verb, orReply: "221 bye", context)
        default: act(on: verb, orReply: "250 2.0.0 ok", context)
        }
    }

    private func act(on verb: String, orReply usual: String, _ context: ChannelHandlerContext) {
        let count = met[verb, default: 0]
        met[verb] = count + 1
        let steps = script.steps[verb] ?? []
        if isSilent { return }
        let step = (count < steps.count ? steps[count] : nil) ?? .reply(usual)
        switch step {
        case .reply(let text): write(text, context)
        case .silence: isSilent = true
        case .hangUp: context.close(promise: nil)
        case .replyAndHangUp(let text):
            write(text, context)
            context.close(promise: nil)
        }
        verbs.yield(verb)
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        if text.hasPrefix("354") { message = "" }
        context.writeAndFlush(NIOAny(ByteBuffer(string: text + "\r\n")), promise: nil)
    }
}
