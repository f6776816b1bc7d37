import NIOCore
import NIOHTTP2
import WebSocketCore
import WebSocketHTTP2
import WebSocketNIO

/// A client's connection of HTTP/2: waits for what the server allows, opens streams, and ends the connection. Behind NIO's
/// handler; on its event loop.
final class HTTP2ClientHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private enum State {
        /// The server's settings have not come.
        case starting(EventLoopPromise<HTTP2ClientHandler>)
        case open
        /// No stream is opened any more; the connection ends with the last.
        case leaving(String)
        case ended(String)
    }

    /// How long the goodbye may take to leave the socket: 2 seconds.
    static let goodbyeTime: TimeAmount = .seconds(2)

    private var state: State
    private let deadline: NIODeadline
    private var multiplexer: NIOHTTP2Handler.StreamMultiplexer?
    private var context: ChannelHandlerContext?
    private var timeout: Scheduled<Void>?
    /// How many streams the server allows; unlimited if it does not say.
    private var maxStreams: Int?
    private var streams = 0
    /// Whether the connection ends with its last stream.
    var endsWithLastStream = false
    private var sockets: [ObjectIdentifier: WebSocketConnection] = [:]

    private init(_ deadline: NIODeadline, _ promise: EventLoopPromise<HTTP2ClientHandler>) {
        self.deadline = deadline
        self.state = .starting(promise)
    }

    /// Adds HTTP/2 to a channel that leads to the server, with TLS in front of it for wss.
    ///
    /// - Parameters:
    ///   - channel: The channel, which is active.
    ///   - position: Where.
    ///   - deadline: Until when the server's settings must be there.
    ///   - promise: For the connection that takes WebSockets. When it fails, the channel is closed.
    static func add(
        to channel: any Channel, _ position: ChannelPipeline.SynchronousOperations.Position, _ deadline: NIODeadline,
        promise: EventLoopPromise<HTTP2ClientHandler>
    ) throws {
        let configuration = HTTP2Limits.configuration([HTTP2Setting(parameter: .enablePush, value: 0)])
        let http2 = NIOHTTP2Handler(
            mode: .client, eventLoop: channel.eventLoop, connectionConfiguration: configuration.connection,
            streamConfiguration: configuration.stream
        ) { stream in
            // Pushes are not allowed, and servers open no other streams.
            stream.close()
        }
        // HTTP/2 ends its streams by itself. NIO's TLS, where half an end is allowed, waits 5 seconds when both ends close.
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
        let connection = HTTP2ClientHandler(deadline, promise)
        try channel.pipeline.syncOperations.addHandlers([http2, connection], position: position)
        connection.multiplexer = try http2.syncMultiplexer()
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(deadline: self.deadline) {
            self.end(DialError(.timedOut(.handshake)))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end(DialError(.lost))
        self.context = nil
        self.multiplexer = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(DialError(.lost))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !NIOHTTP2Errors.endsStreamOnly(error) else { return }
        self.end(DialError(connecting: error))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            self.end(DialError(.lost))
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data).payload {
        case .settings(.settings(let settings)):
            self.received(settings)
        case .goAway(_, let code, _):
            self.leave("the server said goodbye (\(code))")
        default:
            break
        }
    }

    private func received(_ settings: HTTP2Settings) {
        for setting in settings where setting.parameter == .maxConcurrentStreams { self.maxStreams = setting.value }
        guard case .starting(let promise) = self.state else { return }
        // It must be in the first settings: a client may not wait for it (RFC 8441, section 3).
        guard settings.contains(where: { $0.parameter == .enableConnectProtocol && $0.value == 1 }) else {
            return self.end(DialError(.http2(.noWebSockets)))
        }
        self.state = .open
        self.timeout?.cancel()
        self.timeout = nil
        promise.succeed(self)
    }

    // MARK: Streams

    /// Opens a WebSocket.
    ///
    /// - Parameters:
    ///   - opening: What it asks for.
    ///   - deadline: Until when the server must have answered.
    ///   - promise: For the WebSocket. However it is failed, the stream is closed then.
    func open(_ opening: ClientOpening, _ deadline: NIODeadline, promise: EventLoopPromise<WebSocketConnection>) {
        switch self.state {
        case .open: break
        case .leaving(let reason), .ended(let reason): return promise.fail(DialError(.http2(.leaving(reason))))
        case .starting: return promise.fail(DialError(.http2(.leaving("it has not begun"))))
        }
        guard let multiplexer, self.streams < self.maxStreams ?? .max else {
            return promise.fail(DialError(.http2(.tooManyStreams(self.maxStreams ?? 0))))
        }
        self.streams += 1
        let created = multiplexer.createStreamChannel { stream in
            promise.futureResult.whenFailure { _ in stream.close(promise: nil) }
            return stream.eventLoop.makeCompletedFuture {
                let upgrade = HTTP2StreamOpeningHandler(opening, deadline, promise: promise)
                try stream.pipeline.syncOperations.addHandlers([upgrade.codec, upgrade])
            }
        }
        created.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let stream):
                stream.closeFuture.assumeIsolated().whenComplete { _ in self.closed(stream) }
                promise.futureResult.assumeIsolated().whenSuccess { self.opened($0, stream) }
            case .failure(let error):
                promise.fail(DialError(connecting: error))
                self.closed(nil)
            }
        }
    }

    private func opened(_ socket: WebSocketConnection, _ stream: any Channel) {
        guard stream.isActive else { return }
        self.sockets[ObjectIdentifier(stream)] = socket
        // Leaving began while the server was asked.
        if case .leaving = self.state, self.isClosing { try? socket.startClosing(code: .goingAway) }
    }

    private func closed(_ stream: (any Channel)?) {
        self.streams -= 1
        if let stream { self.sockets[ObjectIdentifier(stream)] = nil }
        guard self.streams == 0 else { return }
        if case .leaving(let reason) = self.state {
            self.close(reason)
        } else if self.endsWithLastStream {
            self.close("its WebSocket has closed")
        }
    }

    // MARK: The end

    private var isClosing = false

    /// Opens no more streams; the connection ends with the last.
    func leave(_ reason: String) {
        switch self.state {
        case .starting: return self.end(DialError(.http2(.leaving(reason))))
        case .open: self.state = .leaving(reason)
        case .leaving, .ended: return
        }
        if self.streams == 0 { self.close(reason) }
    }

    /// Opens no more streams, and closes those that are open with 1001.
    func closeAll() {
        self.isClosing = true
        for socket in Array(self.sockets.values) { try? socket.startClosing(code: .goingAway) }
        self.leave("it was closed here")
    }

    /// Says goodbye, and closes.
    private func close(_ reason: String) {
        guard let context else { return }
        if case .ended = self.state { return }
        self.state = .ended(reason)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: HTTP2ClientHandler.goodbyeTime) {
            context.close(promise: nil)
        }
        let goodbye = HTTP2Frame.FramePayload.goAway(lastStreamID: .rootStream, errorCode: .noError, opaqueData: nil)
        context.writeAndFlush(
            self.wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: goodbye)), promise: written)
    }

    /// The connection is of no use, or gone.
    private func end(_ error: DialError) {
        self.timeout?.cancel()
        self.timeout = nil
        let old = self.state
        self.state = .ended("\(error)")
        if case .starting(let promise) = old { promise.fail(error) }
        self.context?.close(promise: nil)
    }
}

// It belongs to its event loop; its promise and ``WebSocketHTTP2Connection`` only carry the reference there.
extension HTTP2ClientHandler: @unchecked Sendable {}
