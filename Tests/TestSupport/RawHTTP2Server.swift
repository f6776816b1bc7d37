import NIOCore
package import NIOHTTP2
import NIOPosix
package import NIOSSL
import NIOTLS

/// A server that speaks frames of HTTP/2 by hand: for what no correct server does. It tells of each connection and stream; what
/// it answers is the test's business.
package struct RawHTTP2Server: Sendable {
    package let port: Int
    /// The streams that clients open.
    package let streams: Mailbox<RawHTTP2Stream>
    /// The connections that are set up, in whatever protocol.
    package let connections: Mailbox<Connection>

    /// A client's connection.
    package struct Connection: Sendable {
        fileprivate let channel: any Channel
        /// What was chosen by ALPN; nil without TLS.
        package let version: String?

        /// Says goodbye, and goes on.
        package func goAway(lastStreamID: HTTP2StreamID = .maxID) async throws {
            let goodbye = HTTP2Frame.FramePayload.goAway(
                lastStreamID: lastStreamID, errorCode: .noError, opaqueData: nil)
            try await self.channel.writeAndFlush(HTTP2Frame(streamID: .rootStream, payload: goodbye))
        }

        /// Cuts it.
        package func close() {
            self.channel.close(promise: nil)
        }

        /// Waits for its end.
        package func waitForEnd() async throws {
            try await self.channel.closeFuture.get()
        }
    }

    /// Runs a server for as long as the closure runs.
    ///
    /// - Parameters:
    ///   - settings: What it says in its settings.
    ///   - tls: How it does TLS, if it does; ALPN chooses.
    ///   - body: Speaks.
    package static func with<T: Sendable>(
        settings: HTTP2Settings = [HTTP2Setting(parameter: .enableConnectProtocol, value: 1)],
        tls: NIOSSLContext? = nil,
        _ body: (RawHTTP2Server) async throws -> T
    ) async throws -> T {
        let streams = Mailbox<RawHTTP2Stream>()
        let connections = Mailbox<Connection>()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tls else {
                        return try self.add(to: channel, nil, settings, streams, connections)
                    }
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLServerHandler(context: tls),
                        ApplicationProtocolNegotiationHandler { (result: ALPNResult, channel: any Channel) in
                            channel.eventLoop.makeCompletedFuture {
                                let version = if case .negotiated(let name) = result { name } else { "none" }
                                try self.add(to: channel, version, settings, streams, connections)
                            }
                        },
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { listener.close(promise: nil) }
        return try await body(
            RawHTTP2Server(port: listener.localAddress?.port ?? 0, streams: streams, connections: connections))
    }

    private init(port: Int, streams: Mailbox<RawHTTP2Stream>, connections: Mailbox<Connection>) {
        self.port = port
        self.streams = streams
        self.connections = connections
    }

    private static func add(
        to channel: any Channel, _ version: String?, _ settings: HTTP2Settings, _ streams: Mailbox<RawHTTP2Stream>,
        _ connections: Mailbox<Connection>
    ) throws {
        if version == nil || version == "h2" {
            var configuration = NIOHTTP2Handler.Configuration()
            configuration.connection.initialSettings = settings
            configuration.connection.headerBlockValidation = .disabled
            let http2 = NIOHTTP2Handler(
                mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: configuration.connection,
                streamConfiguration: configuration.stream
            ) { stream in
                stream.eventLoop.makeCompletedFuture { streams.post(try RawHTTP2Stream(stream)) }
            }
            try channel.pipeline.syncOperations.addHandler(http2)
        }
        connections.post(Connection(channel: channel, version: version))
    }
}
