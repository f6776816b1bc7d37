import NIOCore
import NIOHTTP2
import NIOSSL
import WebSocketNIO

/// Counts all bytes that pass a connection from now on, behind TLS if there is any: a WebSocket's are its own until its end. It belongs
/// to the connection's event loop.
final class ByteCountingHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let counter: WayCounter

    init(_ counter: WayCounter) {
        self.counter = counter
    }

    /// Counts what passes a connection, or over HTTP/2 a stream, from now on.
    ///
    /// - Throws: `ChannelError` when it is gone.
    static func add(to channel: any Channel, isStream: Bool, _ counter: WayCounter) async throws {
        try await channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            guard !isStream else {
                return try pipeline.addHandler(StreamByteCountingHandler(counter), position: .first)
            }
            let handler = ByteCountingHandler(counter)
            if let tls = try? pipeline.handler(type: NIOSSLServerHandler.self) {
                try pipeline.addHandler(handler, position: .after(tls))
            } else {
                try pipeline.addHandler(handler, name: WebSocketConnection.observerName, position: .first)
            }
        }.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.counter.receive(self.unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.counter.send(self.unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }
}

/// The same for a stream of an HTTP/2 connection (RFC 8441): what its DATA frames carry, which is what HTTP/1.1's connection would.
final class StreamByteCountingHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let counter: WayCounter

    init(_ counter: WayCounter) {
        self.counter = counter
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .data(let payload) = self.unwrapInboundIn(data) { self.counter.receive(payload.data.readableBytes) }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .data(let payload) = self.unwrapOutboundIn(data) { self.counter.send(payload.data.readableBytes) }
        context.write(data, promise: promise)
    }
}
