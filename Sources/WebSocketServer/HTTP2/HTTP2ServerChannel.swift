import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import WebSocketHTTP2
import WebSocketNIO

/// A server's connection of HTTP/2, whose streams are ordinary requests, which go the way they go in Hummingbird, and
/// WebSockets (RFC 8441).
struct HTTP2ServerChannel: Sendable {
    /// A connection, which brings its streams.
    struct Value: Sendable {
        let connection: NIOHTTP2Handler.AsyncStreamMultiplexer<HTTP2StreamChannel.Value>
        let stream: HTTP2StreamChannel
    }

    private let responder: HTTPChannelHandler.Responder
    private let shared: ServerShared

    init(responder: @escaping HTTPChannelHandler.Responder, shared: ServerShared) {
        self.responder = responder
        self.shared = shared
    }

    /// Lets a channel speak HTTP/2, on which nothing but TLS is before: the client's preface comes next. On its event loop.
    func add(to channel: any Channel, _ peer: Peer, _ logger: Logger) throws -> Value {
        let settings = [
            HTTP2Setting(parameter: .enableConnectProtocol, value: 1),
            HTTP2Setting(parameter: .maxConcurrentStreams, value: HTTP2Limits.maxConcurrentStreams),
        ]
        let configuration = self.shared.configuration
        let goodbye = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(maxIdleTime: nil, maxAge: nil, maxGraceTime: nil, keepalive: nil))
        let lifetime = HTTP2LifetimeHandler(
            firstStreamTimeout: configuration.handshakeTimeout.timeAmount,
            idleTimeout: configuration.http1.idleTimeout, goodbye: goodbye.http2StreamDelegate,
            eventLoop: channel.eventLoop, logger: logger)
        // HTTP/2 ends its streams by itself. NIO's TLS, where half an end is allowed, waits 5 seconds when both ends close.
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
        let pipeline = channel.pipeline.syncOperations
        let stream = HTTP2StreamChannel(responder: self.responder, peer: peer, shared: self.shared)
        let connection = try pipeline.configureAsyncHTTP2Pipeline(
            mode: .server, streamDelegate: lifetime.streamDelegate, configuration: HTTP2Limits.configuration(settings)
        ) { stream.setup(channel: $0, logger: logger) }
        try pipeline.addHandlers([lifetime, goodbye])
        return Value(connection: connection, stream: stream)
    }

    /// Answers the connection's streams, until it is gone.
    func handle(value: Value, logger: Logger) async {
        await withDiscardingTaskGroup { group in
            do {
                for try await stream in value.connection.inbound {
                    group.addTask { await value.stream.handle(value: stream, logger: logger) }
                }
            } catch {
                // The streams end with their connection, and nothing is cancelled: one of these tasks may be the keeper of the WebSockets
                // of all connections (`OpenConnections`).
                logger.debug("HTTP/2 connection failed", metadata: ["error": .foreign(error)])
            }
        }
    }
}
