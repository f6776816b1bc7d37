import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing
import WebSocketHTTP2

/// Raw bytes on a stream.
struct HTTP2DataHandlerTests {
    private final class Events: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var reads: [[UInt8]] = []
        var events: [String] = []
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.reads.append(Array(self.unwrapInboundIn(data).readableBytesView))
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) { self.events.append("\(event)") }
        func channelWritabilityChanged(context: ChannelHandlerContext) { self.events.append("writability") }
    }

    /// Holds writes back, as a window does, and notes how the channel is closed.
    private final class Window: ChannelOutboundHandler {
        typealias OutboundIn = HTTP2Frame.FramePayload
        var held: [EventLoopPromise<Void>?] = []
        var frames: [(bytes: Int, endStream: Bool)] = []
        var closes = 0
        var resets: [HTTP2ErrorCode] = []
        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            let payload = self.unwrapOutboundIn(data)
            if case .rstStream(let code) = payload { self.resets.append(code) }
            guard case .data(let frame) = payload else { return }
            self.frames.append((frame.data.readableBytes, frame.endStream))
            self.held.append(promise)
        }
        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            self.closes += 1
            promise?.succeed()
        }
        func open(_ count: Int) {
            for promise in self.held.prefix(count) { promise?.succeed() }
            self.held.removeFirst(count)
        }
    }

    private let channel = EmbeddedChannel()
    private let window = Window()
    private let events = Events()
    private let data: HTTP2DataHandler

    init() throws { try self.init(isServer: false) }

    private init(isServer: Bool) throws {
        self.data = HTTP2DataHandler(sendBuffer: 100, isServer: isServer, eventLoop: self.channel.eventLoop)
        try self.channel.pipeline.syncOperations.addHandlers([self.window, self.data, self.events])
        try self.channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func receive(_ bytes: [UInt8], endStream: Bool = false) {
        let frame = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: endStream)
        self.channel.pipeline.fireChannelRead(HTTP2Frame.FramePayload.data(frame))
    }

    private func write(_ count: Int, _ promise: EventLoopPromise<Void>? = nil) {
        self.channel.pipeline.syncOperations.writeAndFlush(
            NIOAny(ByteBuffer(repeating: 1, count: count)), promise: promise)
    }

    // MARK: In

    @Test func oneReadForAWakeUp() {
        self.receive([1, 2])
        self.receive([])
        self.receive([3])
        #expect(self.events.reads == [])
        self.channel.pipeline.fireChannelReadComplete()
        self.channel.pipeline.fireChannelReadComplete()
        #expect(self.events.reads == [[1, 2, 3]])
    }

    @Test func endBehindTheBytes() {
        self.receive([1], endStream: true)
        #expect(self.events.reads == [[1]])
        #expect(self.events.events == ["inputClosed"])
    }

    @Test func trailersEndTheStream() {
        self.channel.pipeline.fireChannelRead(
            HTTP2Frame.FramePayload.headers(.init(headers: [:], endStream: true)))
        #expect(self.events.events == ["inputClosed"])
    }

    /// The driver writes into what it gets, so it must not be what came in.
    @Test func bytesAreCopied() throws {
        final class Writer: ChannelInboundHandler {
            typealias InboundIn = ByteBuffer
            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                _ = self.unwrapInboundIn(data).withUnsafeReadableBytes {
                    UnsafeMutableRawBufferPointer(mutating: $0).initializeMemory(as: UInt8.self, repeating: 0)
                }
            }
        }
        try self.channel.pipeline.syncOperations.addHandler(Writer(), position: .after(self.data))
        let bytes = ByteBuffer(bytes: [1, 2, 3])
        self.channel.pipeline.fireChannelRead(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(bytes))))
        self.channel.pipeline.fireChannelReadComplete()
        #expect(bytes == ByteBuffer(bytes: [1, 2, 3]))
    }

    @Test func goAway() {
        self.channel.pipeline.fireUserInboundEventTriggered(HTTP2GoAwayEvent())
        #expect(self.events.events.count == 1)
        #expect(self.events.events.first?.hasPrefix("ChannelShouldQuiesceEvent") == true)
    }

    // MARK: Out

    @Test func marks() {
        self.write(60)
        self.write(40)
        #expect(self.data.isWritable)
        self.write(1)
        #expect(!self.data.isWritable)
        #expect(self.data.waitingBytes == 101)
        self.window.open(1)
        #expect(self.data.waitingBytes == 41)
        #expect(self.data.isWritable)
        #expect(self.events.events == ["writability", "writability"])
    }

    /// What the stream's own marks say does not matter.
    @Test func otherWritability() {
        self.channel.pipeline.fireChannelWritabilityChanged()
        #expect(self.events.events == [])
    }

    /// Nothing empty is sent: a marker is done when all before it is.
    @Test func marker() throws {
        let first = self.channel.eventLoop.makePromise(of: Void.self)
        self.write(0, first)
        try first.futureResult.wait()
        let marker = self.channel.eventLoop.makePromise(of: Void.self)
        self.write(5)
        self.write(7)
        self.write(0, marker)
        var isDone = false
        marker.futureResult.assumeIsolated().whenSuccess { isDone = true }
        self.window.open(1)
        #expect(!isDone)
        self.window.open(1)
        #expect(isDone)
        #expect(self.window.frames.map(\.bytes) == [5, 7])
    }

    // MARK: The end

    @Test func endOfThisSide() {
        self.channel.close(mode: .output, promise: nil)
        self.channel.close(mode: .output, promise: nil)
        #expect(self.window.frames.map(\.endStream) == [true])
        let refused = self.channel.eventLoop.makePromise(of: Void.self)
        self.write(1, refused)
        #expect(throws: ChannelError.self) { try refused.futureResult.wait() }
    }

    @Test func closingCutsTheStream() {
        self.channel.close(promise: nil)
        #expect(self.window.closes == 1)
        #expect(self.window.frames.isEmpty)
    }

    /// When the peer has ended its side, the end of this one ends the stream in order.
    @Test func closingBehindThePeer() {
        self.receive([], endStream: true)
        self.channel.close(promise: nil)
        self.channel.close(promise: nil)
        #expect(self.window.closes == 0)
        #expect(self.window.frames.map(\.endStream) == [true])
    }

    /// What is left, where this side had ended already, has some time to go out, and no more: the window may be closed for ever.
    @Test func closingBehindBothEnds() {
        self.write(10)
        self.channel.close(mode: .output, promise: nil)
        self.receive([], endStream: true)
        self.channel.close(promise: nil)
        #expect(self.window.frames.map(\.endStream) == [false, true])
        self.channel.embeddedEventLoop.advanceTime(by: HTTP2DataHandler.lingerTime - .nanoseconds(1))
        #expect(self.window.closes == 0)
        self.channel.embeddedEventLoop.advanceTime(by: .nanoseconds(1))
        #expect(self.window.closes == 1)
    }

    /// A stream that is cut with something to say is cut at once.
    @Test func closingBehindThePeerWithBytesLeft() {
        self.receive([], endStream: true)
        self.write(10)
        self.channel.close(promise: nil)
        #expect(self.window.closes == 1)
        #expect(self.window.frames.map(\.endStream) == [false])
    }

    /// An orderly end: what comes is thrown away, until the peer ends its side.
    @Test func finish() {
        self.write(10)
        self.data.finish {}
        #expect(self.window.frames.map(\.endStream) == [false, true])
        self.receive([1, 2, 3])
        self.channel.pipeline.fireChannelReadComplete()
        #expect(self.events.reads == [])
        self.receive([], endStream: true)
        #expect(self.events.events == ["inputClosed"])
        #expect(self.window.closes == 0)
        #expect(self.window.resets == [])
    }

    /// A server frees the stream when the peer does not end its side in time.
    @Test(arguments: [false, true]) func aServerLetsGo(endsInTime: Bool) throws {
        let it = try HTTP2DataHandlerTests(isServer: true)
        var isWritten = false
        it.write(10)
        it.data.finish { isWritten = true }
        it.window.open(1)
        #expect(!isWritten)
        it.window.open(1)
        #expect(isWritten)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(490))
        #expect(it.window.resets == [])
        if endsInTime { it.receive([], endStream: true) }
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(10))
        #expect(it.window.resets == (endsInTime ? [] : [.noError]))
        #expect(it.window.closes == 0)
    }

    /// What came before a reset in the same read is not lost with it.
    @Test func bytesBeforeAReset() {
        self.receive([1, 2])
        self.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        #expect(self.events.reads == [[1, 2]])
        self.receive([3])
        self.channel.pipeline.fireChannelInactive()
        #expect(self.events.reads == [[1, 2], [3]])
    }
}
