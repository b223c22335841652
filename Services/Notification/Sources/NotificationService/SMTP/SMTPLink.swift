import Logging
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection of the client: its dialogue, its channel once it is up, its deadline. Belongs to the client's actor.
final class SMTPLink {
    let id: UInt64
    var session: SMTPSession
    var parser = SMTPReplyParser()
    var channel: (any Channel)?
    var deadline = NIODeadline.distantFuture
    /// No deadline is later than this: set when the connection is ending.
    var latestDeadline = NIODeadline.distantFuture
    var waitingFor = SMTPSession.Wait.nothing
    var timer: Scheduled<Void>?
    var timerDue = NIODeadline.distantFuture

    init(id: UInt64, session: SMTPSession) {
        self.id = id
        self.session = session
    }
}

/// The input and output of the connections. All of it runs on the event loop, which is the actor's executor.
extension SMTPClient {
    func connect(_ link: SMTPLink) {
        let id = link.id
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .connect(host: configuration.host, port: configuration.port)
            .whenComplete { result in self.assumeIsolated { $0.connected(id, result) } }
    }

    private func connected(_ id: UInt64, _ result: Result<any Channel, any Error>) {
        guard let link = links[id] else {
            if case .success(let channel) = result { channel.close(promise: nil) }
            return
        }
        switch result {
        case .success(let channel):
            logger.debug("connected to the mail server", metadata: ["smtp.server": "\(configuration)"])
            link.channel = channel
            link.session.connected(clientName: configuration.clientName ?? addressLiteral(of: channel))
            rearm(link, replied: true)
            listen(to: channel, for: id)
        case .failure(let error):
            let text = "cannot connect to \(configuration.host):\(configuration.port): \(connectFailure(error))"
            perform(link.session.disconnected(.transient(code: nil, text: text)), on: link)
        }
    }

    /// Reads only now: several channels may have raced to connect, and this is the one that won.
    private func listen(to channel: any Channel, for id: UInt64) {
        do {
            try channel.pipeline.syncOperations.addHandler(SMTPChannelHandler(client: self, link: id))
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            disconnected(id, "the connection broke: \(error)")
        }
    }

    func received(_ buffer: ByteBuffer, on id: UInt64) {
        guard let link = links[id] else { return }
        do throws(SMTPReplyError) {
            for reply in try link.parser.append(buffer.readableBytesView) {
                perform(link.session.receive(reply), on: link)
                rearm(link, replied: true)
            }
        } catch {
            perform(link.session.disconnected(.transient(code: nil, text: "the server does not speak SMTP: \(error)")), on: link)
        }
        link.channel?.flush()
    }

    func disconnected(_ id: UInt64, _ text: String) {
        guard let link = links[id] else { return }
        perform(link.session.disconnected(.transient(code: nil, text: text)), on: link)
    }

    /// Does what the session asks for; what is written is flushed by the caller, once.
    func perform(_ actions: [SMTPSession.Action], on link: SMTPLink) {
        for action in actions {
            switch action {
            case .write(let bytes): link.channel?.write(ByteBuffer(bytes: bytes), promise: nil)
            case .finish(let mail, let error): finish(mail, error)
            case .resubmit(let mails):
                logger.info("mails go to a new connection", metadata: ["smtp.server": "\(configuration)", "smtp.mails": "\(mails.count)"])
                if current === link { current = nil }
                submit(mails)
            case .disconnect: remove(link)
            }
        }
        rearm(link, replied: false)
    }

    func drain(_ link: SMTPLink) {
        link.latestDeadline = .now() + TimeAmount(configuration.graceTimeout)
        shortenDeadline(of: link)
        perform(link.session.drain(), on: link)
        link.channel?.flush()
    }

    private func remove(_ link: SMTPLink) {
        link.timer?.cancel()
        link.timer = nil
        links[link.id] = nil
        if current === link { current = nil }
        link.channel?.close(promise: nil)
        guard links.isEmpty else { return }
        for waiter in closeWaiters { waiter.resume() }
        closeWaiters = []
    }
}

/// Gives the bytes of a channel to the client.
private final class SMTPChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: SMTPClient
    private let link: UInt64

    init(client: SMTPClient, link: UInt64) {
        self.client = client
        self.link = link
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let (buffer, link) = (unwrapInboundIn(data), link)
        client.assumeIsolated { $0.received(buffer, on: link) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let link = link
        client.assumeIsolated { $0.disconnected(link, "the server closed the connection") }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let (text, link) = ("the connection broke: \(error)", link)
        client.assumeIsolated { $0.disconnected(link, text) }
        context.close(promise: nil)
    }
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3), the name of a host that has none.
private func addressLiteral(of channel: any Channel) -> String {
    let address = channel.localAddress?.ipAddress ?? "127.0.0.1"
    return address.contains(":") ? "[IPv6:\(address.prefix { $0 != "%" })]" : "[\(address)]"
}

private func connectFailure(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError: error.connectionErrors.first.map { connectFailure($0.error) } ?? "the host name is unknown"
    case ChannelError.connectTimeout: "no answer in time"
    case let error as IOError where error.errnoCode == ECONNREFUSED: "connection refused"
    case let error as IOError: "system error \(error.errnoCode)"
    default: "\(error)"
    }
}
