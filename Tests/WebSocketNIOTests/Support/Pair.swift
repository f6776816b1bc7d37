import HTTPTypes
import NIOCore
import NIOPosix
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// Starts a connection as soon as its channel is active.
private final class Starter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let start: (any Channel) throws -> Void

    init(_ start: @escaping (any Channel) throws -> Void) {
        self.start = start
    }

    func channelActive(context: ChannelHandlerContext) {
        do { try self.start(context.channel) } catch { context.fireErrorCaught(error) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.fireChannelRead(data) }
}

/// Two connections over a real socket, without an opening handshake.
struct Pair: Sendable {
    let server: WebSocketConnection
    let client: WebSocketConnection

    /// Makes a pair, and cuts both when the closure is done. Both write past their channels unless told otherwise.
    static func with<Result: Sendable>(
        server: WebSocketConfiguration = .init(), client: WebSocketConfiguration = .init(),
        compression: PerMessageDeflate? = nil, isPlain: Bool = true,
        serverDelivery: WebSocketDelivery = .reader, clientDelivery: WebSocketDelivery = .reader,
        _ body: (Pair) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup.singleton
        let accepted = group.next().makePromise(of: WebSocketConnection.self)
        let connected = group.next().makePromise(of: WebSocketConnection.self)
        @Sendable func start(
            _ channel: any Channel, _ role: Role, _ configuration: WebSocketConfiguration,
            _ delivery: WebSocketDelivery,
            _ promise: EventLoopPromise<WebSocketConnection>
        ) throws {
            try channel.pipeline.syncOperations.addHandler(
                Starter { channel in
                    promise.succeed(
                        try WebSocketConnection.start(
                            on: channel, position: .last, role: role,
                            handshake: .init(
                                request: HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")),
                            compression: compression, configuration: configuration, delivery: delivery,
                            isPlain: isPlain))
                })
        }
        let listener = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try start(channel, .server, server, serverDelivery, accepted) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        _ = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try start(channel, .client, client, clientDelivery, connected) }
            }
            .connect(to: listener.localAddress!).get()
        let pair = Pair(server: try await accepted.futureResult.get(), client: try await connected.futureResult.get())
        try await listener.close()
        do {
            let result = try await body(pair)
            await pair.cut()
            return result
        } catch {
            await pair.cut()
            throw error
        }
    }

    private func cut() async {
        self.client.abort()
        self.server.abort()
        _ = await self.client.closed
        _ = await self.server.closed
    }
}
