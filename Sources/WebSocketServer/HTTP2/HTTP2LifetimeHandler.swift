import Logging
import NIOCore
import NIOHTTP2
import WebSocketHTTP2

/// Sees to it that a connection of HTTP/2 does not stay for nothing, and that its WebSockets hear of a shutdown.
///
/// NIO's `NIOHTTP2ServerConnectionManagementHandler`, behind it, does the goodbye itself (two GOAWAYs with a PING between, RFC
/// 9113, section 6.8), and closes when the last stream has ended; but it waits for a client that answers the PING, and for one
/// that opens a stream, as long as it takes. It belongs to its event loop.
final class HTTP2LifetimeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame

    /// How long a client may take to answer the goodbye before a connection without streams is closed all the same: 2 seconds.
    static let goodbyeTime: TimeAmount = .seconds(2)

    private enum State {
        /// No stream has been opened yet.
        case new
        case open
        /// GOAWAY is out.
        case leaving
        /// The client has had time to answer it.
        case overdue
    }

    private let firstStreamTimeout: TimeAmount
    private let idleTimeout: TimeAmount?
    private let goodbye: NIOHTTP2ServerConnectionManagementHandler.HTTP2StreamDelegate
    private let eventLoop: any EventLoop
    private let logger: Logger
    private var state = State.new
    private var streams: [HTTP2StreamID: any Channel] = [:]
    private var context: ChannelHandlerContext?
    private var timeout: Scheduled<Void>?

    init(
        firstStreamTimeout: TimeAmount, idleTimeout: TimeAmount?,
        goodbye: NIOHTTP2ServerConnectionManagementHandler.HTTP2StreamDelegate, eventLoop: any EventLoop, logger: Logger
    ) {
        self.firstStreamTimeout = firstStreamTimeout
        self.idleTimeout = idleTimeout
        self.goodbye = goodbye
        self.eventLoop = eventLoop
        self.logger = logger
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.wait(self.firstStreamTimeout) { $0.close("no stream was opened in time") }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.timeout?.cancel()
        self.timeout = nil
        self.streams = [:]
    }

    private func wait(_ time: TimeAmount, then body: @escaping (HTTP2LifetimeHandler) -> Void) {
        self.timeout?.cancel()
        self.timeout = self.eventLoop.assumeIsolated().scheduleTask(in: time) {
            self.timeout = nil
            body(self)
        }
    }

    private func close(_ reason: String) {
        guard let context else { return }
        self.logger.debug("HTTP/2 connection closed", metadata: ["reason": .foreign(reason)])
        context.close(promise: nil)
    }

    // MARK: Streams

    /// What NIO tells of streams.
    struct StreamDelegate: NIOHTTP2StreamDelegate {
        fileprivate let handler: NIOLoopBound<HTTP2LifetimeHandler>

        func streamCreated(_ id: HTTP2StreamID, channel: any Channel) {
            self.handler.value.opened(id, channel)
        }

        func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {
            self.handler.value.closed(id, channel)
        }
    }

    var streamDelegate: StreamDelegate { StreamDelegate(handler: NIOLoopBound(self, eventLoop: self.eventLoop)) }

    private func opened(_ id: HTTP2StreamID, _ channel: any Channel) {
        self.goodbye.streamCreated(id, channel: channel)
        self.streams[id] = channel
        switch self.state {
        case .new, .open:
            self.state = .open
            self.timeout?.cancel()
            self.timeout = nil
        case .leaving, .overdue:
            // NIO takes none any more.
            break
        }
    }

    private func closed(_ id: HTTP2StreamID, _ channel: any Channel) {
        self.streams[id] = nil
        self.goodbye.streamClosed(id, channel: channel)
        guard self.streams.isEmpty, self.context != nil else { return }
        switch self.state {
        case .new, .leaving: break
        case .open:
            if let idleTimeout { self.wait(idleTimeout) { $0.leave() } }
        case .overdue:
            self.close("the client did not answer the goodbye")
        }
    }

    // MARK: The end

    /// Tells the client that the connection ends, and its WebSockets, too.
    private func leave() {
        switch self.state {
        case .new, .open: break
        case .leaving, .overdue: return
        }
        self.state = .leaving
        self.wait(HTTP2LifetimeHandler.goodbyeTime) {
            $0.state = .overdue
            if $0.streams.isEmpty { $0.close("the client did not answer the goodbye") }
        }
        self.context?.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        for channel in Array(self.streams.values) {
            channel.pipeline.fireUserInboundEventTriggered(HTTP2GoAwayEvent())
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            self.leave()
        case ChannelEvent.inputClosed:
            // A client that says nothing any more opens no windows, either.
            self.close("the client has ended its side")
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A stream's error has ended the stream.
        guard !NIOHTTP2Errors.endsStreamOnly(error) else { return }
        self.close("\(error)")
    }
}
