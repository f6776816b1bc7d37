import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import WebSocketCore
import WebSocketNIO

/// Watches the requests of one HTTP/1.1 connection, right behind the parser. Ordinary ones go on to Hummingbird, behind an
/// async channel that is made for the first of them; one that asks for a WebSocket is checked and kept, and becomes an
/// ``UpgradeAttempt``. All of it belongs to the event loop.
final class HTTP1UpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler, UpgradeTransport {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum State {
        /// No request yet.
        case idle
        /// Ordinary requests, answered by Hummingbird.
        case http
        /// The head of an upgrade request is here, its end is not.
        case receiving(UpgradeAttempt)
        /// The answers to earlier requests are awaited.
        case handingOver(UpgradeAttempt)
        /// The same, and then comes a refusal.
        case refusing(Refusal)
        /// The route is asked.
        case deciding(UpgradeAttempt)
        /// The last answer is on its way; what still arrives is thrown away.
        case refused
        /// WebSocket from now on.
        case upgraded
    }

    /// How long a refused client may take to close: 2 seconds. Closing at once could make the kernel drop the answer.
    static let lingerTime: TimeAmount = .seconds(2)

    /// How much is read at once: 8 KiB, which are some 300 of the smallest requests. Nothing more is read before most of them are
    /// answered.
    static let maxRead = 8 << 10

    let first: EventLoopPromise<ChannelBeginning>
    let later: EventLoopPromise<UpgradeAttempt?>
    private let encoder: HTTPResponseEncoder
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let peer: Peer
    private let shared: ServerShared
    private let logger: Logger
    /// The handshake's request, until it is answered: for the log.
    private var asked: HTTPRequest?
    private var state = State.idle
    private var context: ChannelHandlerContext?
    private var hasHTTP = false
    /// Closes idle connections; it must be gone before the route is asked, since it would take a WebSocket for one.
    private var connectionState: HTTPConnectionStateHandler?
    /// The same, if the client takes no answers.
    private var stalledAnswer: StalledAnswerHandler?
    private var requestsInProgress = 0
    /// The last request has not ended yet; it may have its answer already.
    private var isBodyAwaited = false
    /// The connection ends after the answer: the client wants that, or the parser parses nothing behind the request.
    private var endsAfterAnswer = false
    private var stopsParser = false
    /// That request has ended: the parser would only pile up what comes now.
    private var isParserDone = false
    private var isReadDeferred = false
    private var isInputClosed = false
    private var behind: BytesBehind?
    /// Whether the read at hand held a part of a request, or only the beginning of a head.
    private var hasPart = false
    private var timeout: Scheduled<Void>?

    init(
        encoder: HTTPResponseEncoder, decoder: ByteToMessageHandler<HTTPRequestDecoder>, peer: Peer,
        shared: ServerShared, eventLoop: any EventLoop, logger: Logger
    ) {
        self.first = eventLoop.makePromise()
        self.later = eventLoop.makePromise()
        self.encoder = encoder
        self.decoder = decoder
        self.peer = peer
        self.shared = shared
        self.logger = logger
    }

    private var configuration: HTTP1Channel.Configuration { self.shared.configuration.http1 }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.awaitHead(context)
    }

    /// Bounds the time until the head of a request is here, however slowly it comes.
    private func awaitHead(_ context: ChannelHandlerContext) {
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(
            in: self.shared.configuration.handshakeTimeout.timeAmount
        ) {
            self.timeout = nil
            self.refuse(Refusal(.requestTimeout, "no request came in time", as: .timeout))
        }
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
        if case .deciding(let attempt) = self.state { attempt.abandon() }
        // An attempt in it would hold this.
        if case .upgraded = self.state {} else { self.state = .refused }
        self.first.succeed(.gone)
        self.later.succeed(nil)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.hasPart = true
        switch self.state {
        case .idle, .http:
            let part = self.unwrapInboundIn(data)
            if case .head(let head) = part {
                self.timeout?.cancel()
                self.timeout = nil
                if head.asksForWebSocket {
                    self.receivedUpgrade(head, context)
                    return
                }
                guard head.hasRightHost else { return self.refuse(Refusal(HandshakeError(.host))) }
                guard self.makeHTTP(context) else { return }
                self.requestsInProgress += 1
                self.isBodyAwaited = true
                self.stopsParser = head.stopsParser
                self.endsAfterAnswer = self.stopsParser || !head.isKeepAlive
            } else if case .end = part {
                self.isBodyAwaited = false
                self.isParserDone = self.stopsParser
            }
            context.fireChannelRead(data)
        case .receiving(let attempt):
            switch self.unwrapInboundIn(data) {
            case .end: self.beginUpgrade(attempt, context)
            case .head, .body: self.refuse(Refusal(HandshakeError(.body)))
            }
        case .handingOver, .refusing, .deciding, .refused, .upgraded:
            return
        }
    }

    private func receivedUpgrade(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        do {
            guard head.headers["Host"].count == 1 else { throw HandshakeError(.host) }
            let request = try HTTPRequest(head, secure: self.peer.isSecure, splitCookie: false)
            self.asked = request
            let version = ServerHandshake.HTTPVersion(major: head.version.major, minor: head.version.minor)
            let offer = try ServerHandshake.offer(of: request, version: version)
            self.state = .receiving(
                UpgradeAttempt(
                    request: request, offer: offer, peer: self.peer, shared: self.shared, transport: self))
        } catch let error as HandshakeError {
            self.refuse(Refusal(error))
        } catch {
            self.refuse(Refusal(.badRequest, "the request's head cannot be understood", as: .grammar))
        }
    }

    private func beginUpgrade(_ attempt: UpgradeAttempt, _ context: ChannelHandlerContext) {
        guard self.hasHTTP else {
            self.releaseParser(attempt, context) { self.first.succeed(.upgrade(attempt)) }
            return
        }
        self.state = .handingOver(attempt)
        self.endHTTP(context)
    }

    /// Takes the parser out, which can take until the next turn of the event loop, and lets the route decide if nothing stands
    /// behind the request that could be another one. The route has as long for that as the client had for its request.
    private func releaseParser(
        _ attempt: UpgradeAttempt, _ context: ChannelHandlerContext, then decide: @escaping () -> Void
    ) {
        self.state = .deciding(attempt)
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(
            in: self.shared.configuration.handshakeTimeout.timeAmount
        ) {
            self.refuse(.undecided)
        }
        let behind = BytesBehind()
        self.behind = behind
        let removed = context.eventLoop.makePromise(of: Void.self)
        removed.futureResult.assumeIsolated().whenComplete { _ in
            guard case .deciding = self.state else { return }
            if behind.isNoFrame {
                self.refuse(
                    Refusal(.badRequest, "nothing may stand behind a handshake before its answer", as: .pipelined))
            } else {
                decide()
            }
        }
        do {
            try context.pipeline.syncOperations.addHandler(behind, position: .after(self.decoder))
            context.pipeline.syncOperations.removeHandler(self.decoder, promise: removed)
        } catch {
            removed.fail(error)
        }
    }

    /// Tells Hummingbird that no request follows. When it has answered those before, it ends its side.
    private func endHTTP(_ context: ChannelHandlerContext) {
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    /// Adds what ordinary requests need, at the first of them.
    private func makeHTTP(_ context: ChannelHandlerContext) -> Bool {
        guard !self.hasHTTP else { return true }
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: self.peer.isSecure))
            try pipeline.addHandlers(self.configuration.additionalChannelHandlers())
            let connectionState = HTTPConnectionStateHandler(
                idleTimeout: self.configuration.idleTimeout.map { .nanoseconds($0.nanoseconds) }, logger: self.logger)
            try pipeline.addHandler(connectionState)
            self.connectionState = connectionState
            if let timeout = self.configuration.idleTimeout {
                let stalledAnswer = StalledAnswerHandler(timeout: timeout, logger: self.logger)
                try pipeline.addHandler(stalledAnswer)
                self.stalledAnswer = stalledAnswer
            }
            let asyncChannel = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: context.channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            self.hasHTTP = true
            self.state = .http
            self.first.succeed(.http(asyncChannel))
            return true
        } catch {
            context.close(promise: nil)
            return false
        }
    }

    // MARK: Answers of Hummingbird, and the end of its side

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.state {
        case .refused, .upgraded:
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        default: break
        }
        switch self.unwrapOutboundIn(data) {
        case .head where self.requestsInProgress == 0 && self.isBodyAwaited:
            // Hummingbird refuses a body whose request it has answered.
            promise?.fail(ChannelError.ioOnClosedChannel)
            self.linger(context)
        case .head(var head)
        where self.endsAfterAnswer && self.requestsInProgress == 1 && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            context.write(data, promise: promise)
            self.requestsInProgress -= 1
            if self.endsAfterAnswer && self.requestsInProgress == 0 {
                context.flush()
                self.linger(context)
            }
        default:
            context.write(data, promise: promise)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch (self.state, mode) {
        case (.handingOver(let attempt), .output), (.handingOver(let attempt), .input):
            // Hummingbird has answered the earlier requests. Its side of the connection ends; the connection goes on.
            promise?.succeed(())
            if let handler = self.connectionState.take() {
                context.pipeline.syncOperations.removeHandler(handler, promise: nil)
            }
            if let handler = self.stalledAnswer.take() {
                context.pipeline.syncOperations.removeHandler(handler, promise: nil)
            }
            self.releaseParser(attempt, context) { self.later.succeed(attempt) }
        case (.refusing(let refusal), .output), (.refusing(let refusal), .input):
            promise?.succeed(())
            self.send(refusal, context)
        case (.deciding, .output), (.deciding, .input), (.upgraded, .output), (.upgraded, .input):
            promise?.succeed(())
        default:
            context.close(mode: mode, promise: promise)
        }
    }

    // MARK: The outcome

    /// Answers 101 and makes the connection a WebSocket. On the event loop.
    func accept(_ response: HTTPResponse, _ plan: UpgradeAttempt.Plan, _ attempt: UpgradeAttempt) throws
        -> WebSocketConnection
    {
        guard let context = self.context, context.channel.isActive, case .deciding = self.state else {
            throw ChannelError.ioOnClosedChannel
        }
        guard !self.isInputClosed else {
            self.refuse(Refusal(.badRequest, "the client has ended its side", as: .inputClosed))
            throw ChannelError.inputClosed
        }
        self.state = .upgraded
        self.asked = nil
        self.timeout?.cancel()
        self.timeout = nil
        context.writeAndFlush(self.wrapOutboundOut(.head(HTTPResponseHead(response))), promise: nil)
        let pipeline = context.pipeline.syncOperations
        pipeline.removeHandler(self.encoder, promise: nil)
        let connection = try WebSocketConnection.start(
            on: context.channel, position: .before(self), role: .server,
            handshake: .init(request: attempt.request, subprotocol: plan.subprotocol, extensions: plan.extensions),
            compression: plan.compression,
            configuration: plan.configuration, delivery: plan.delivery, peerAddress: attempt.clientAddress,
            isPlain: !self.peer.isSecure, drain: self.shared.drain)
        // Now that the driver is there, it gets what arrived behind the request.
        if let behind = self.behind.take() { pipeline.removeHandler(behind, promise: nil) }
        self.resumeReading(context)
        if !self.hasHTTP { pipeline.removeHandler(self, promise: nil) }
        return connection
    }

    /// Answers with a refusal, once the earlier requests have their answers, and ends the connection. On the event loop.
    func refuse(_ refusal: Refusal) {
        switch self.state {
        case .refusing, .refused, .upgraded: return
        case .deciding(let attempt): attempt.abandon()
        default: break
        }
        guard let context = self.context else { return }
        if self.requestsInProgress > 0 {
            self.state = .refusing(refusal)
            self.endHTTP(context)
        } else {
            self.send(refusal, context)
            if self.hasHTTP { self.endHTTP(context) }
        }
    }

    private func send(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        self.shared.refused(refusal.status.code, refusal.reason, self.asked.take(), from: self.peer, self.logger)
        let (head, body) = refusal.parts
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        self.linger(context)
    }

    /// Ends the writing side, and the connection when the client has ended its side or does not do so in time.
    private func linger(_ context: ChannelHandlerContext) {
        self.state = .refused
        context.close(mode: .output, promise: nil)
        // Out of the way: it would pile up what is to be thrown away.
        context.pipeline.syncOperations.removeHandler(self.decoder, promise: nil)
        self.resumeReading(context)
        self.timeout?.cancel()
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: HTTP1UpgradeHandler.lingerTime) {
            context.close(promise: nil)
        }
    }

    // MARK: Reading

    /// What comes behind a handshake waits in the socket until the route has decided, and what comes behind another request
    /// that ends the connection until that is answered.
    func read(context: ChannelHandlerContext) {
        switch self.state {
        case .handingOver, .refusing, .deciding: self.isReadDeferred = true
        case .http where self.isParserDone: self.isReadDeferred = true
        default: context.read()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Something came on a kept-alive connection, and it was no whole head: one has begun.
        if case .http = self.state, self.requestsInProgress == 0, !self.isBodyAwaited, !self.hasPart,
            self.timeout == nil
        {
            self.awaitHead(context)
        }
        self.hasPart = false
        switch self.state {
        case .refused, .upgraded:
            // Hummingbird's side asks for no reads once its part has ended, so they are asked for here.
            if self.hasHTTP { context.read() }
        default: break
        }
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard self.isReadDeferred || self.hasHTTP else { return }
        self.isReadDeferred = false
        context.read()
    }

    // MARK: Everything else

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (self.state, event) {
        case (.idle, ChannelEvent.inputClosed), (.receiving, ChannelEvent.inputClosed),
            (.refused, ChannelEvent.inputClosed):
            context.close(promise: nil)
        case (.handingOver, ChannelEvent.inputClosed), (.refusing, ChannelEvent.inputClosed),
            (.deciding, ChannelEvent.inputClosed):
            // No WebSocket can come of it, but a refusal can still be read.
            self.isInputClosed = true
        case (.idle, is ChannelShouldQuiesceEvent), (.refused, is ChannelShouldQuiesceEvent):
            context.close(promise: nil)
        case (.deciding, is ChannelShouldQuiesceEvent), (.receiving, is ChannelShouldQuiesceEvent),
            (.handingOver, is ChannelShouldQuiesceEvent):
            self.refuse(Refusal(.serviceUnavailable, "the server shuts down", as: .shutdown))
        case (.refusing, is ChannelShouldQuiesceEvent):
            return
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, self.requestsInProgress == 0 else {
            return context.fireErrorCaught(error)
        }
        if case .http = self.state, self.isBodyAwaited {
            // Its request has been answered, and a second answer would be taken for that to another request.
            self.linger(context)
            self.endHTTP(context)
        } else {
            self.refuse(Refusal(error))
        }
    }
}

// It belongs to its event loop; an `UpgradeAttempt` only carries the reference back there.
extension HTTP1UpgradeHandler: @unchecked Sendable {}

extension HTTPRequestHead {
    /// Whether the parser parses nothing behind it: it asks for some upgrade, or for a tunnel.
    var stopsParser: Bool {
        self.method == .CONNECT || (self.headers.contains(name: "Upgrade") && self.namesUpgrade)
    }

    private var namesUpgrade: Bool {
        self.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
    }

    /// Whether it says once for which host it is, as HTTP/1.1 asks for (RFC 9112, section 3.2). HTTP/1.0 knows no such field.
    var hasRightHost: Bool {
        switch self.headers["Host"].count {
        case 0: self.version == .http1_0
        case 1: true
        default: false
        }
    }

    /// Whether it asks for a WebSocket, well or badly. Any method: one that is not GET gets its own refusal. An `Upgrade` that
    /// `Connection` does not name was meant for somebody before us (RFC 9110, section 7.8).
    var asksForWebSocket: Bool {
        self.headers[canonicalForm: "Upgrade"].contains { $0.lowercased() == "websocket" }
            && self.namesUpgrade
    }
}
