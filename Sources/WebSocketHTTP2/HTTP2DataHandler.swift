package import NIOCore
package import NIOHTTP2
import WebSocketNIO

/// Makes a channel of raw bytes, as the driver wants it, of a stream of HTTP/2 (RFC 8441, section 5): DATA frames are bytes,
/// END_STREAM is the end of a side, and RST_STREAM with CANCEL is what a reset is for TCP.
///
/// What one wake-up brings in comes out as one read. It is copied: in NIO's HTTP/2 the payload of a DATA frame is a slice of
/// what the whole connection has received, and the driver unmasks in place. Today nothing reads those bytes again, but that is
/// no promise of NIO's, and a message that somebody keeps would keep the bytes of all streams with it. A copy of at most
/// 16 KiB into the loop's warm buffer costs less than the frame's way through the pipeline does.
///
/// It belongs to its event loop.
package final class HTTP2DataHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTP2Frame.FramePayload
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = HTTP2Frame.FramePayload

    /// How long the last frames may wait for the peer's window: 3 seconds, as long as a closing handshake at shutdown.
    package static let lingerTime: TimeAmount = .seconds(3)
    /// How long a server waits for the end of the peer's side, when its own has ended, before it frees the stream: half a second, a
    /// slow way there and back. Meanwhile it counts among the streams that may be open.
    package static let endTime: TimeAmount = .milliseconds(500)

    /// Up to how many bytes may wait before the channel says that it takes no more, and down to how many before it does again.
    private let marks: ChannelOptions.Types.WriteBufferWaterMark
    private let buffers: ReceiveBuffers
    private let isServer: Bool
    private var context: ChannelHandlerContext?
    /// What has come since the last end of a read.
    private var batch: ByteBuffer?
    private var isInputOver = false
    private var isOutputOver = false
    /// Whether what comes is thrown away.
    private var isFinishing = false
    private var timeout: Scheduled<Void>?
    /// The newest write, with which all before it are done.
    private var lastWrite: EventLoopFuture<Void>?

    /// How many bytes were written that the socket has not taken: they wait for it, or for the peer's windows.
    package private(set) var waitingBytes = 0
    package private(set) var isWritable = true

    /// - Parameters:
    ///   - sendBuffer: How many bytes may wait before the channel says that it takes no more.
    ///   - isServer: Whether this end is the server.
    ///   - eventLoop: The channel's, on which this is called.
    package init(sendBuffer: Int, isServer: Bool, eventLoop: any EventLoop) {
        self.marks = .init(low: sendBuffer / 2, high: sendBuffer)
        self.buffers = ReceiveBuffers(of: eventLoop)
        self.isServer = isServer
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.batch = nil
        self.timeout?.cancel()
    }

    // MARK: In

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .data(let frame):
            if case .byteBuffer(let bytes) = frame.data { self.receive(bytes, context) }
            if frame.endStream { self.endInput(context) }
        case .headers(let trailers):
            // Trailers say nothing to a WebSocket, but they end the stream.
            if trailers.endStream { self.endInput(context) }
        default:
            // Of the others, the connection has done what they say.
            break
        }
    }

    /// Takes bytes that have come, as if in a DATA frame.
    package func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard bytes.readableBytes > 0, !self.isFinishing else { return }
        if let batch, batch.readableBytes + bytes.readableBytes > ReceiveBuffers.capacity { self.passOn(context) }
        var batch = self.batch.take() ?? self.buffers.take()
        batch.writeImmutableBuffer(bytes)
        self.batch = batch
    }

    /// The peer has ended its side.
    package func endInput(_ context: ChannelHandlerContext) {
        guard !self.isInputOver else { return }
        self.isInputOver = true
        self.passOn(context)
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        self.passOn(context)
        context.fireChannelReadComplete()
        if self.isFinishing { context.read() }
    }

    private func passOn(_ context: ChannelHandlerContext) {
        // The driver gives it back to the loop, so it must be its only holder.
        guard let batch = self.batch.take() else { return }
        context.fireChannelRead(self.wrapInboundOut(batch))
    }

    /// A reset can come right behind the last bytes, and takes none of them away (RFC 9113, section 8.1).
    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.passOn(context)
        context.fireErrorCaught(error)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.passOn(context)
        context.fireChannelInactive()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is HTTP2GoAwayEvent: context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Out

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = self.unwrapOutboundIn(data)
        guard !self.isOutputOver else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        let count = bytes.readableBytes
        guard count > 0 else {
            // A marker, which is done when all before it is. An empty DATA frame would be taken for an attack.
            if let lastWrite, self.waitingBytes > 0 { lastWrite.cascade(to: promise) } else { promise?.succeed() }
            return
        }
        let written = promise ?? context.eventLoop.makePromise()
        self.waitingBytes += count
        self.lastWrite = written.futureResult
        written.futureResult.assumeIsolated().whenComplete { _ in self.wrote(count) }
        context.write(self.wrapOutboundOut(.data(.init(data: .byteBuffer(bytes)))), promise: written)
        if self.isWritable, self.waitingBytes > self.marks.high {
            self.isWritable = false
            context.fireChannelWritabilityChanged()
        }
    }

    private func wrote(_ count: Int) {
        self.waitingBytes -= count
        if self.waitingBytes == 0 { self.lastWrite = nil }
        guard !self.isWritable, self.waitingBytes < self.marks.low, let context else { return }
        self.isWritable = true
        context.fireChannelWritabilityChanged()
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        // The stream's own marks are the same for all streams; those that count here are this WebSocket's.
    }

    // MARK: The end

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .output:
            self.endOutput(context, promise)
        case .input:
            promise?.succeed()
        case .all:
            if self.isInputOver, self.waitingBytes == 0 || self.isOutputOver {
                // With both sides ended the stream is over, and the channel closes by itself. What waits still goes out: browsers
                // end their side with the Close frame itself, and have not got ours yet.
                self.endOutput(context, nil)
                promise.map { context.channel.closeFuture.cascade(to: $0) }
                if self.waitingBytes > 0 { self.linger(context) }
            } else {
                // RST_STREAM with CANCEL.
                context.close(promise: promise)
            }
        }
    }

    /// Cuts the stream if the peer does not let go out what waits.
    private func linger(_ context: ChannelHandlerContext) {
        guard self.timeout == nil else { return }
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: HTTP2DataHandler.lingerTime) {
            context.close(promise: nil)
        }
    }

    private func endOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard !self.isOutputOver else {
            promise?.succeed()
            return
        }
        self.isOutputOver = true
        let end = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer()), endStream: true)
        context.writeAndFlush(self.wrapOutboundOut(.data(end)), promise: promise)
    }
}

extension HTTP2DataHandler: StreamTransport {
    package func finish(_ written: @escaping () -> Void) {
        guard let context else { return }
        self.isFinishing = true
        let ended = context.eventLoop.makePromise(of: Void.self)
        ended.futureResult.assumeIsolated().whenSuccess {
            self.letGo()
            written()
        }
        self.endOutput(context, ended)
        context.read()
    }

    /// Frees the stream of a peer that does not end its side, once all is said: Firefox takes a stream that the server has ended for
    /// gone, and never ends it. A server may reset a stream with NO_ERROR behind its whole answer (RFC 9113, section 8.1), and both
    /// sides have sent their Close frames. Not at once: peers count resets, and what they send meanwhile should find the stream.
    private func letGo() {
        guard self.isServer, !self.isInputOver, self.timeout == nil, let context else { return }
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: HTTP2DataHandler.endTime) {
            guard !self.isInputOver else { return }
            context.writeAndFlush(self.wrapOutboundOut(.rstStream(.noError)), promise: nil)
        }
    }
}
