import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2
import WebSocketCore
import WebSocketHTTP2
import WebSocketNIO

/// Looks at the request of one stream of HTTP/2. An ordinary one goes on to Hummingbird, and this leaves; an extended CONNECT is
/// checked and kept, and becomes an ``UpgradeAttempt`` (RFC 8441). All of it belongs to the event loop.
final class HTTP2UpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler, UpgradeTransport {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// No request yet.
        case idle
        /// The route is asked. What comes meanwhile is kept; it is at most what the stream's window lets in.
        case deciding(UpgradeAttempt, ByteBuffer)
        /// The refusal is on its way; what still arrives is thrown away.
        case refused
        /// This has left, or is about to.
        case done
    }

    /// How long a refusal may wait for the client's windows: 2 seconds, as over HTTP/1.1.
    static let lingerTime = HTTP1UpgradeHandler.lingerTime

    let first: EventLoopPromise<ChannelBeginning>
    /// Before this handler; it leaves when the stream becomes a WebSocket.
    let codec = HTTP2FramePayloadToHTTPServerCodec()
    private let peer: Peer
    private let shared: ServerShared
    private let logger: Logger
    /// The CONNECT, until it is answered: for the log.
    private var asked: HTTPRequest?
    private var state = State.idle
    private var context: ChannelHandlerContext?
    private var isInputOver = false
    private var isReadDeferred = false
    private var timeout: Scheduled<Void>?

    init(peer: Peer, shared: ServerShared, eventLoop: any EventLoop, logger: Logger) {
        self.first = eventLoop.makePromise()
        self.peer = peer
        self.shared = shared
        self.logger = logger
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.gone()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.gone()
        context.fireChannelInactive()
    }

    private func gone() {
        self.timeout?.cancel()
        self.timeout = nil
        if case .deciding(let attempt, _) = self.state { attempt.abandon() }
        self.state = .done
        self.first.succeed(.gone)
    }

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        switch (self.state, part) {
        case (.idle, .head(let request)) where self.hasTooManyFields(request):
            self.refuse(
                Refusal(.requestHeaderFieldsTooLarge, "the request has too many header fields", as: .tooLarge))
        case (.idle, .head(let request)) where request.method == .connect && request.extendedConnectProtocol != nil:
            self.receivedConnect(request, context)
        case (.idle, _):
            self.becomeHTTP(part, context)
        case (.deciding(let attempt, var bytes), .body(var more)):
            bytes.writeBuffer(&more)
            self.state = .deciding(attempt, bytes)
        case (.deciding, .end), (.refused, .end):
            self.isInputOver = true
        case (.deciding, _), (.refused, _):
            return
        case (.done, _):
            context.fireChannelRead(data)
        }
    }

    /// Whether the request has more fields than one over HTTP/1.1 may have. A cookie that was taken apart is one (RFC 9113, section
    /// 8.2.3).
    private func hasTooManyFields(_ request: HTTPRequest) -> Bool {
        let (fields, most) = (request.headerFields, self.shared.configuration.http1.httpDecoder.maxHeaderFieldCount)
        guard fields.count > most else { return false }
        let cookies = fields.count { $0.name == .cookie }
        return fields.count - max(cookies - 1, 0) > most
    }

    private func receivedConnect(_ connect: HTTPRequest, _ context: ChannelHandlerContext) {
        self.asked = connect
        guard ServerHandshake.isConnect(connect) else {
            return self.refuse(
                Refusal(.notImplemented, "of the protocols for CONNECT only websocket is spoken here", as: .connect))
        }
        do {
            let offer = try ServerHandshake.offer(ofConnect: connect)
            // Routes are those of GET, and what is right for one way of asking is right for the other.
            let request = HTTPRequest(
                method: .get, scheme: connect.scheme, authority: connect.authority, path: connect.path,
                headerFields: connect.headerFields)
            let attempt = UpgradeAttempt(
                request: request, offer: offer, peer: self.peer, shared: self.shared, transport: self)
            self.state = .deciding(attempt, ByteBuffer())
            self.timeout = context.eventLoop.assumeIsolated().scheduleTask(
                in: self.shared.configuration.handshakeTimeout.timeAmount
            ) {
                self.refuse(.undecided)
            }
            self.first.succeed(.upgrade(attempt))
        } catch {
            self.refuse(Refusal(error))
        }
    }

    /// Adds what an ordinary request needs, and leaves.
    private func becomeHTTP(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        let configuration = self.shared.configuration.http1
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandlers(configuration.additionalChannelHandlers())
            try pipeline.addHandler(
                HTTPConnectionStateHandler(
                    idleTimeout: configuration.idleTimeout.map { .nanoseconds($0.nanoseconds) }, logger: self.logger))
            let asyncChannel = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: context.channel)
            self.first.succeed(.http(asyncChannel))
        } catch {
            context.close(promise: nil)
            return
        }
        self.state = .done
        context.fireChannelRead(self.wrapInboundOut(part))
        pipeline.removeHandler(self, promise: nil)
    }

    // MARK: The outcome

    /// Answers 200 and makes the stream a WebSocket. On the event loop.
    func accept(_ response: HTTPResponse, _ plan: UpgradeAttempt.Plan, _ attempt: UpgradeAttempt) throws
        -> WebSocketConnection
    {
        guard let context = self.context, context.channel.isActive, case .deciding(_, let bytes) = self.state else {
            throw ChannelError.ioOnClosedChannel
        }
        guard !self.isInputOver else {
            self.refuse(Refusal(.badRequest, "the client has ended its side", as: .inputClosed))
            throw ChannelError.inputClosed
        }
        self.state = .done
        self.timeout?.cancel()
        self.timeout = nil
        context.writeAndFlush(self.wrapOutboundOut(.head(response.forTunnel)), promise: nil)
        let channel = context.channel
        let pipeline = context.pipeline.syncOperations
        let data = HTTP2DataHandler(
            sendBuffer: plan.configuration.sendBuffer, isServer: true, eventLoop: context.eventLoop)
        try pipeline.addHandler(data, position: .after(self))
        let dataContext = try pipeline.context(handler: data)
        pipeline.removeHandler(self.codec, promise: nil)
        let connection = try WebSocketConnection.start(
            on: channel, position: .after(data), role: .server,
            handshake: .init(request: attempt.request, subprotocol: plan.subprotocol, extensions: plan.extensions),
            compression: plan.compression, configuration: plan.configuration, delivery: plan.delivery,
            peerAddress: attempt.clientAddress, stream: data, drain: self.shared.drain)
        // What came behind the request comes first.
        data.receive(bytes, dataContext)
        data.channelReadComplete(context: dataContext)
        pipeline.removeHandler(self, promise: nil)
        if self.isReadDeferred { channel.read() }
        return connection
    }

    /// Answers with a refusal, and ends the stream. On the event loop.
    func refuse(_ refusal: Refusal) {
        switch self.state {
        case .refused, .done: return
        case .deciding(let attempt, _): attempt.abandon()
        case .idle: break
        }
        guard let context = self.context else { return }
        self.state = .refused
        self.timeout?.cancel()
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: HTTP2UpgradeHandler.lingerTime) {
            context.close(promise: nil)
        }
        let (head, body) = refusal.streamParts
        self.shared.refused(head.status.code, refusal.reason, self.asked.take(), from: self.peer, self.logger)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess {
            // The client need not end its side: what it sends would be thrown away (RFC 9113, section 8.1).
            guard self.context != nil, !self.isInputOver else { return }
            context.triggerUserOutboundEvent(NIOHTTP2FramePayloadToHTTPEvent.reset(code: .noError), promise: nil)
        }
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if body.readableBytes > 0 { context.write(self.wrapOutboundOut(.body(body)), promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: written)
        if self.isReadDeferred { context.read() }
    }

    // MARK: Everything else

    /// What comes behind a request waits in the stream until the route has decided, and the client's window does not open.
    func read(context: ChannelHandlerContext) {
        if case .deciding = self.state {
            self.isReadDeferred = true
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (self.state, event) {
        case (.deciding, is HTTP2GoAwayEvent):
            self.refuse(Refusal(.serviceUnavailable, "the server shuts down", as: .shutdown))
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .idle = self.state, !(error is NIOHTTP2Errors.StreamClosed) {
            self.refuse(Refusal(.badRequest, "the request's head cannot be understood", as: .grammar))
        } else {
            context.fireErrorCaught(error)
        }
    }
}

// It belongs to its event loop; an `UpgradeAttempt` only carries the reference back there.
extension HTTP2UpgradeHandler: @unchecked Sendable {}

extension HTTPResponse {
    /// An answer that accepts a CONNECT: without what is about a body (RFC 9110, section 9.3.6) or a connection.
    fileprivate var forTunnel: HTTPResponse {
        var response = self
        response.headerFields[.contentLength] = nil
        response.headerFields.removeAll(where: ServerHandshake.isConnectionSpecific)
        return response
    }
}

extension Refusal {
    /// The answer as it is written on a stream of HTTP/2, which has no upgrades to ask for.
    var streamParts: (HTTPResponse, ByteBuffer) {
        var response = HTTPResponse(
            status: self.status == .upgradeRequired ? .badRequest : self.status, headerFields: self.fields)
        response.headerFields.removeAll(where: ServerHandshake.isConnectionSpecific)
        response.headerFields[.contentLength] = String(self.body.readableBytes)
        return (response, self.body)
    }
}
