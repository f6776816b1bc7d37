import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import TestSupport
import Testing
import WebSocketHTTP2

@testable import WebSocketServer

/// How a server's connection of HTTP/2 ends, on a clock of its own.
struct HTTP2LifetimeHandlerTests {
    /// A server's connection, and a client's that is moved by hand.
    final class Pair {
        let server = EmbeddedChannel()
        let client = EmbeddedChannel()
        /// What the client is told about the connection.
        var frames: [HTTP2Frame.FramePayload] { self.reader.frames }
        private let reader = Reader()
        private let multiplexer: NIOHTTP2Handler.StreamMultiplexer
        let shared: ServerShared

        private final class Reader: ChannelInboundHandler {
            typealias InboundIn = HTTP2Frame
            var frames: [HTTP2Frame.FramePayload] = []
            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                self.frames.append(self.unwrapInboundIn(data).payload)
            }
        }

        final class StreamReader: ChannelInboundHandler {
            typealias InboundIn = HTTP2Frame.FramePayload
            var statuses: [String] = []
            var resets: [HTTP2ErrorCode] = []
            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                if case .headers(let headers) = self.unwrapInboundIn(data) {
                    self.statuses += headers.headers[":status"]
                }
            }
            func errorCaught(context: ChannelHandlerContext, error: any Error) {
                if let error = error as? NIOHTTP2Errors.StreamClosed { self.resets.append(error.errorCode) }
            }
        }

        init(_ configuration: WebSocketServerConfiguration = .init()) throws {
            self.shared = ServerShared(configuration)
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
            try self.server.connect(to: address).wait()
            try self.client.connect(to: address).wait()
            let channel = HTTP2ServerChannel(responder: { _, _, _ in }, shared: self.shared)
            let peer = Peer(
                connectionID: "1", address: nil, socketAddress: nil, isSecure: false, certificate: nil, httpVersion: "2"
            )
            _ = try channel.add(
                to: self.server, peer, Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            let http2 = NIOHTTP2Handler(mode: .client, eventLoop: self.client.eventLoop) { $0.close() }
            try self.client.pipeline.syncOperations.addHandlers([http2, self.reader])
            self.multiplexer = try http2.syncMultiplexer()
            try self.exchange()
        }

        /// Carries bytes over until there are none.
        func exchange() throws {
            var isMoving = true
            while isMoving {
                isMoving = false
                self.server.embeddedEventLoop.run()
                self.client.embeddedEventLoop.run()
                while let bytes = try self.client.readOutbound(as: ByteBuffer.self) {
                    isMoving = true
                    if self.server.isActive { try self.server.writeInbound(bytes) }
                }
                while let bytes = try self.server.readOutbound(as: ByteBuffer.self) {
                    isMoving = true
                    if self.client.isActive { try self.client.writeInbound(bytes) }
                }
            }
        }

        /// Sends a request on a stream of its own.
        func request(_ headers: HPACKHeaders) throws -> StreamReader {
            let reader = StreamReader()
            let promise = self.client.eventLoop.makePromise(of: (any Channel).self)
            self.multiplexer.createStreamChannel(promise: promise) { $0.eventLoop.makeSucceededVoidFuture() }
            self.client.embeddedEventLoop.run()
            let stream = try promise.futureResult.wait()
            try stream.pipeline.syncOperations.addHandler(reader)
            stream.writeAndFlush(HTTP2Frame.FramePayload.headers(.init(headers: headers)), promise: nil)
            try self.exchange()
            return reader
        }

        func pass(_ time: TimeAmount) { self.server.embeddedEventLoop.advanceTime(by: time) }

        var goodbyes: [HTTP2ErrorCode] {
            self.frames.compactMap { if case .goAway(_, let code, _) = $0 { code } else { nil } }
        }
    }

    @Test func noStreamInTime() throws {
        let pair = try Pair()
        pair.pass(.seconds(9))
        #expect(pair.server.isActive)
        pair.pass(.seconds(1))
        #expect(!pair.server.isActive)
    }

    /// A connection whose streams are over gets a goodbye when it has done nothing for the idle time, and ends with its answer.
    @Test func idle() throws {
        let pair = try Pair()
        let reader = try pair.request(RawHTTP2Stream.connect("/", protocol: "other"))
        #expect(reader.statuses == ["501"])
        pair.pass(.seconds(59))
        try pair.exchange()
        #expect(pair.goodbyes == [])
        pair.pass(.seconds(1))
        try pair.exchange()
        #expect(pair.goodbyes == [.noError, .noError])
        #expect(!pair.server.isActive)
    }

    /// One that does not answer the goodbye is closed all the same.
    @Test func idleAndSilent() throws {
        let pair = try Pair()
        _ = try pair.request(RawHTTP2Stream.connect("/", protocol: "other"))
        pair.pass(.seconds(60))
        #expect(pair.server.isActive)
        pair.pass(HTTP2LifetimeHandler.goodbyeTime)
        #expect(!pair.server.isActive)
    }

    /// A WebSocket that is open, or asked for, is no idle connection; at a shutdown the asked one is refused.
    @Test func shutdownWhileTheRouteIsAsked() throws {
        let pair = try Pair(.init(handshakeTimeout: .seconds(7200)))
        let reader = try pair.request(RawHTTP2Stream.connect("/"))
        pair.pass(.seconds(3600))
        #expect(pair.server.isActive)
        #expect(reader.statuses == [])
        pair.server.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try pair.exchange()
        #expect(reader.statuses == ["503"])
        #expect(pair.goodbyes == [.noError, .noError])
        #expect(!pair.server.isActive)
    }

    /// A route has so long to decide; the connection goes on.
    @Test func routeTakesTooLong() throws {
        let pair = try Pair()
        let reader = try pair.request(RawHTTP2Stream.connect("/"))
        pair.pass(.seconds(10) - .nanoseconds(1))
        try pair.exchange()
        #expect(reader.statuses == [])
        pair.pass(.nanoseconds(1))
        try pair.exchange()
        #expect(reader.statuses == ["503"])
        #expect(pair.server.isActive)
    }

    /// A stream that comes after the first goodbye, which its client had not heard, is refused by NIO: the client can ask again.
    @Test func streamThatCrossesTheGoodbye() throws {
        let pair = try Pair()
        _ = try pair.request(RawHTTP2Stream.connect("/"))
        pair.server.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        // The client has not read it yet.
        let crossing = try pair.request(RawHTTP2Stream.connect("/"))
        #expect(crossing.statuses == [])
        #expect(crossing.resets == [.refusedStream])
    }

    /// What breaks HTTP/2 itself ends the connection, behind a goodbye that says why.
    @Test func connectionError() throws {
        let pair = try Pair()
        // A DATA frame on no stream.
        _ = try? pair.server.writeInbound(ByteBuffer(bytes: [0, 0, 1, 0, 0, 0, 0, 0, 0, 7]))
        try pair.exchange()
        #expect(!pair.server.isActive)
        #expect(pair.goodbyes.first == .protocolError)
    }

    /// A client that has ended its side cannot open windows any more.
    @Test func halfEnd() throws {
        let pair = try Pair()
        pair.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!pair.server.isActive)
    }
}
