import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct ChannelOpeningTests {
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// A connection that has just been accepted, and what it turns out to speak.
    private func accepted(_ configuration: WebSocketServerConfiguration) throws
        -> (EmbeddedChannel, EventLoopFuture<WebSocketServerChannel.Opened>)
    {
        let channel = EmbeddedChannel()
        channel.remoteAddress = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        let setup = WebSocketServerChannel(responder: { _, _, _ in }, configuration: configuration)
        let value = try setup.setup(channel: channel, logger: self.logger).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, value.opened)
    }

    private static func configurations() throws -> [WebSocketServerConfiguration] {
        let tls = try ServerTLS { try Certificates.serverConfiguration(Certificates.localhost) }
        let proxy = ProxyProtocol.required(from: [try AddressRange(parsing: "127.0.0.1")])
        return [
            .init(tls: tls), .init(proxyProtocol: proxy), .init(http2: .everywhere),
            .init(tls: tls, proxyProtocol: proxy),
        ]
    }

    /// Whatever a connection is on its way to, it ends when the server shuts down.
    @Test(arguments: 0..<4)
    func shutdownBeforeHTTP(index: Int) throws {
        let (channel, opened) = try self.accepted(try Self.configurations()[index])
        #expect(channel.isActive)
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        channel.embeddedEventLoop.run()
        // Otherwise nothing would come of waiting.
        try #require(!channel.isActive)
        guard case .gone = try opened.wait() else {
            Issue.record("it speaks something")
            return
        }
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    /// What hears of a shutdown leaves as soon as HTTP is spoken: it costs an open connection nothing.
    @Test func nothingStays() throws {
        let (channel, _) = try self.accepted(.init(http2: .everywhere))
        let before = try? channel.pipeline.syncOperations.handler(type: OpeningQuiesceHandler.self)
        #expect(before != nil)
        try channel.writeInbound(ByteBuffer(string: "GET"))
        let after = try? channel.pipeline.syncOperations.handler(type: OpeningQuiesceHandler.self)
        #expect(after == nil)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    /// A request that came while the server began to shut down: as a WebSocket it would not hear of that.
    @Test func shutdownBeforeTheHandshake() async throws {
        let channel = NIOAsyncTestingChannel()
        let setup = WebSocketServerChannel(responder: { _, _, _ in Issue.record("the route is asked") })
        let logger = self.logger
        let value = try await channel.eventLoop.flatSubmit { setup.setup(channel: channel, logger: logger) }.get()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
        setup.shared.beginDraining()
        async let handled: Void = setup.handle(value: value, logger: logger)
        try await channel.writeInbound(ByteBuffer(string: Handshake.request()))
        let answer = String(buffer: try await channel.waitForOutboundWrite(as: ByteBuffer.self))
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        _ = try? await channel.finish(acceptAlreadyClosed: true)
        await handled
    }

    /// A listening channel that is told to end lets the server know before its connections.
    @Test func drainBegins() throws {
        let shared = ServerShared(.init())
        let listener = EmbeddedChannel(handler: DrainBeginningHandler(shared))
        #expect(!shared.isDraining)
        listener.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(shared.isDraining)
        _ = try listener.finish()
    }
}
