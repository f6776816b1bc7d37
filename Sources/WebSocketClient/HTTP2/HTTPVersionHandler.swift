import NIOCore
import NIOSSL
import NIOTLS
import WebSocketNIO

/// Waits for TLS, checks who the server is, and lets what the server has chosen by ALPN take its place.
final class HTTPVersionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// Adds, at the position, what speaks the version. On the event loop.
    typealias Chosen = (_ isHTTP2: Bool, ChannelPipeline.SynchronousOperations.Position) throws -> Void

    private let identity: ServerIdentity
    private let deadline: NIODeadline
    private let chosen: Chosen
    private let fail: (DialError) -> Void
    private var timeout: Scheduled<Void>?
    private var isDone = false

    private init(
        _ identity: ServerIdentity, _ deadline: NIODeadline, chosen: @escaping Chosen,
        fail: @escaping (DialError) -> Void
    ) {
        self.identity = identity
        self.deadline = deadline
        self.chosen = chosen
        self.fail = fail
    }

    /// Adds TLS, and this behind it.
    ///
    /// - Parameters:
    ///   - channel: The channel, which leads to the server.
    ///   - position: Where.
    ///   - identity: Who the server must be.
    ///   - deadline: Until when TLS must be there.
    ///   - chosen: Adds what the server has chosen.
    ///   - fail: Closes the channel.
    static func add(
        to channel: any Channel, _ position: ChannelPipeline.SynchronousOperations.Position,
        _ identity: ServerIdentity, _ deadline: NIODeadline, chosen: @escaping Chosen,
        fail: @escaping (DialError) -> Void
    ) throws {
        let handlers: [any ChannelHandler] = [
            try identity.makeHandler(), TLSClosing(),
            HTTPVersionHandler(identity, deadline, chosen: chosen, fail: fail),
        ]
        try channel.pipeline.syncOperations.addHandlers(handlers, position: position)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(deadline: self.deadline) {
            self.end(DialError(.timedOut(.tls)))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end(DialError(.lost))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let version) where !self.isDone:
            do {
                let pipeline = context.pipeline.syncOperations
                try self.identity.check(try? pipeline.nioSSL_peerCertificate())
                self.isDone = true
                self.timeout?.cancel()
                try self.chosen(version == "h2", .after(self))
                pipeline.removeHandler(self, promise: nil)
            } catch {
                self.isDone = false
                self.end(DialError(connecting: error))
            }
        case ChannelEvent.inputClosed where !self.isDone:
            self.end(DialError(.lost))
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(DialError(.lost))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(DialError(connecting: error))
    }

    private func end(_ error: DialError) {
        guard !self.isDone else { return }
        self.isDone = true
        self.timeout?.cancel()
        self.fail(error)
    }
}
