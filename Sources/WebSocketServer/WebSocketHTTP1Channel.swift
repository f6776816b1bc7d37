public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import WebSocketNIO

/// Hummingbird's HTTP/1.1 channel, on which a request can become a WebSocket, at whatever place in a kept-alive connection.
///
/// Ordinary requests go the way they go in Hummingbird. A connection that was upgraded keeps nothing of HTTP: no task
/// (unless its route reads messages in one), no parser, no async channel.
public struct WebSocketHTTP1Channel: HTTPChannelHandler {
    /// The default of how long a new connection may take to send its first request: 10 seconds.
    public static let defaultHandshakeTimeout: Duration = .seconds(10)

    /// The default of how long a connection may do nothing while a request is awaited or read: 60 seconds. A WebSocket may do
    /// nothing for ever.
    public static let defaultIdleTimeout: TimeAmount = .seconds(60)

    /// One connection, with what its requests make of it.
    public struct Value: ServerChildChannelValue {
        /// The channel.
        public let channel: any Channel
        let first: EventLoopFuture<HTTP1UpgradeHandler.Beginning>
        let later: EventLoopFuture<UpgradeAttempt?>
    }

    /// Answers a request.
    public let responder: HTTPChannelHandler.Responder
    let configuration: HTTP1Channel.Configuration
    let handshakeTimeout: TimeAmount
    private let open = OpenConnections()

    /// Makes a channel set-up.
    ///
    /// - Parameters:
    ///   - responder: Answers a request.
    ///   - configuration: What Hummingbird's HTTP/1.1 server takes.
    ///   - handshakeTimeout: How long a new connection may take to send its first request.
    public init(
        responder: @escaping HTTPChannelHandler.Responder,
        configuration: HTTP1Channel.Configuration = .init(idleTimeout: WebSocketHTTP1Channel.defaultIdleTimeout),
        handshakeTimeout: Duration = WebSocketHTTP1Channel.defaultHandshakeTimeout
    ) {
        self.responder = responder
        self.configuration = configuration
        self.handshakeTimeout = .nanoseconds(Int64(clamping: handshakeTimeout.nanoseconds))
    }

    /// Sets a new channel up. On its event loop.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = self.configuration.httpDecoder.maxHeaderFieldSize
            limits.maxHeaderListSize = self.configuration.httpDecoder.maxHeaderListSize
            limits.maxHeaderFieldCount = self.configuration.httpDecoder.maxHeaderFieldCount
            // The channel keeps its first receive buffer: a WebSocket, which reads into its loop's, should not keep NIO's
            // 2 KiB for it. It grows with what arrives.
            try channel.syncOptions?.setOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 64 << 10))
            let encoder = HTTPResponseEncoder()
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
            let upgrader = HTTP1UpgradeHandler(
                encoder: encoder, decoder: decoder, configuration: self.configuration,
                handshakeTimeout: self.handshakeTimeout, eventLoop: channel.eventLoop, logger: logger)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers([encoder, decoder, upgrader])
            return Value(channel: channel, first: upgrader.first.futureResult, later: upgrader.later.futureResult)
        }
    }

    /// Answers a channel's requests, until it is gone or a WebSocket that needs no task.
    public func handle(value: Value, logger: Logger) async {
        guard let beginning = try? await value.first.get() else { return }
        switch beginning {
        case .http(let asyncChannel):
            await withDiscardingTaskGroup { group in
                group.addTask { await self.handleHTTP(asyncChannel: asyncChannel, logger: logger) }
                if let attempt = (try? await value.later.get()) ?? nil {
                    await attempt.run(self.responder, channel: value.channel, open: self.open, logger: logger)
                }
            }
        case .upgrade(let attempt):
            await attempt.run(self.responder, channel: value.channel, open: self.open, logger: logger)
        case .gone:
            return
        }
    }
}
