public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTPTypes
import WebSocketNIO

/// Hummingbird's channel, on which a request can become a WebSocket: over HTTP/1.1, at whatever place in a kept-alive
/// connection, and over HTTP/2 (RFC 8441).
///
/// Ordinary requests go the way they go in Hummingbird. A connection that was upgraded keeps nothing of HTTP: no task
/// (unless its route reads messages in one), no parser, no async channel.
public struct WebSocketServerChannel: HTTPChannelHandler {
    /// One connection, with what it turned out to speak.
    public struct Value: ServerChildChannelValue {
        /// The channel.
        public let channel: any Channel
        let opened: EventLoopFuture<Opened>
    }

    /// What a connection speaks.
    enum Opened: Sendable {
        case http1(Peer, first: EventLoopFuture<ChannelBeginning>, later: EventLoopFuture<UpgradeAttempt?>)
        case http2(Peer, HTTP2ServerChannel.Value)
        /// It ended before that was known, or was not let in.
        case gone
    }

    /// Answers a request.
    public let responder: HTTPChannelHandler.Responder
    /// What the server's connections share.
    let shared: ServerShared
    let http2: HTTP2ServerChannel

    /// Makes a channel set-up.
    ///
    /// - Parameters:
    ///   - responder: Answers a request.
    ///   - configuration: How connections are treated.
    public init(
        responder: @escaping HTTPChannelHandler.Responder,
        configuration: WebSocketServerConfiguration = WebSocketServerConfiguration()
    ) {
        self.responder = responder
        self.shared = ServerShared(configuration)
        self.http2 = HTTP2ServerChannel(responder: responder, shared: self.shared)
    }

    /// Sets a new channel up. On its event loop.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // The channel keeps its first receive buffer: a WebSocket, which reads into its loop's, should not keep NIO's
            // 2 KiB for it. It grows with what arrives.
            try channel.syncOptions?.setOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 64 << 10))
            self.guardListener(of: channel, logger)
            let opening = ChannelOpening(channel, self, logger)
            opening.begin()
            return Value(channel: channel, opened: opening.opened)
        }
    }

    /// Sees to it that accepting goes on when descriptors run out, where the listener is Hummingbird's, which ends then, and that a
    /// shutdown is heard of. It cannot be reached before its first connection.
    private func guardListener(of channel: any Channel, _ logger: Logger) {
        guard let listener = channel.parent, self.shared.isFirst() else { return }
        let shared = self.shared
        listener.eventLoop.execute {
            let pipeline = listener.pipeline.syncOperations
            guard (try? pipeline.handler(type: AcceptGuard.self)) == nil else { return }
            try? pipeline.addHandlers(AcceptGuard(logger), DrainBeginningHandler(shared), position: .first)
        }
    }

    /// Answers a channel's requests, until it is gone or a WebSocket that needs no task.
    public func handle(value: Value, logger: Logger) async {
        switch (try? await value.opened.get()) ?? .gone {
        case .http1(let peer, let first, let later):
            await Peer.$current.withValue(peer) {
                await self.handleHTTP1(first, later, on: value.channel, logger)
            }
        case .http2(let peer, let connection):
            await Peer.$current.withValue(peer) {
                await self.http2.handle(value: connection, logger: logger)
            }
        case .gone:
            return
        }
    }

    private func handleHTTP1(
        _ first: EventLoopFuture<ChannelBeginning>, _ later: EventLoopFuture<UpgradeAttempt?>,
        on channel: any Channel, _ logger: Logger
    ) async {
        guard let beginning = try? await first.get() else { return }
        switch beginning {
        case .http(let asyncChannel):
            await withDiscardingTaskGroup { group in
                group.addTask { await self.handleHTTP(asyncChannel: asyncChannel, logger: logger) }
                if let attempt = (try? await later.get()) ?? nil {
                    await attempt.run(self.responder, channel: channel, logger: logger)
                }
            }
        case .upgrade(let attempt):
            await attempt.run(self.responder, channel: channel, logger: logger)
        case .gone:
            return
        }
    }
}
