import HTTPTypes
import NIOCore
import NIOPosix
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

/// A server that serves all its connections at once, on the driver: for what needs whole messages. ``RawServer`` is for what
/// no correct server does.
struct SocketServer {
    let port: Int

    /// How to answer a handshake: the fields beside the necessary ones.
    typealias Answer = @Sendable (_ head: String) async -> [String: String]
    typealias Serve = @Sendable (WebSocketConnection) async throws -> Void

    /// Sends back what comes.
    static let echo: Serve = { connection in
        for try await message in connection.messages { try await connection.send(message) }
    }

    /// Takes messages, and answers none.
    static let silent: Serve = { connection in
        for try await _ in connection.messages {}
    }

    /// Runs a server for as long as the last closure does.
    ///
    /// - Parameters:
    ///   - configuration: How its connections behave.
    ///   - answer: Answers a handshake, when it returns.
    ///   - serve: Serves a connection, which is cut behind it if it is still there.
    ///   - body: Connects to the server.
    static func with<T: Sendable>(
        configuration: WebSocketConfiguration = .init(), answer: @escaping Answer = { _ in [:] },
        serve: @escaping Serve = SocketServer.echo, _ body: (SocketServer) async throws -> T
    ) async throws -> T {
        let accepted = Mailbox<WebSocketConnection>()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Upgrader(configuration: configuration, answer: answer) { accepted.post($0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { listener.close(promise: nil) }
            group.addTask {
                await withDiscardingTaskGroup { serving in
                    while let connection = await accepted.next() {
                        serving.addTask {
                            // How it ends is the test's business.
                            try? await serve(connection)
                            if Task.isCancelled { connection.abort() }
                            _ = await connection.closed
                        }
                    }
                    serving.cancelAll()
                }
            }
            let result = try await body(SocketServer(port: listener.localAddress?.port ?? 0))
            group.cancelAll()
            return result
        }
    }

    /// An address on it.
    func url(_ path: String = "/") -> String { "ws://127.0.0.1:\(self.port)\(path)" }
}

/// Answers a handshake, and puts the driver in its place.
private final class Upgrader: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let configuration: WebSocketConfiguration
    private let answer: SocketServer.Answer
    private let accepted: @Sendable (WebSocketConnection) -> Void
    private var head = ""

    init(
        configuration: WebSocketConfiguration, answer: @escaping SocketServer.Answer,
        accepted: @escaping @Sendable (WebSocketConnection) -> Void
    ) {
        self.configuration = configuration
        self.answer = answer
        self.accepted = accepted
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.head += String(buffer: self.unwrapInboundIn(data))
        guard self.head.hasSuffix("\r\n\r\n") else { return }
        let (head, answer) = (self.head, self.answer)
        let answered = context.eventLoop.makePromise(of: [String: String].self)
        answered.completeWithTask { await answer(head) }
        answered.futureResult.assumeIsolated().whenSuccess { fields in
            guard context.channel.isActive else { return }
            var all = (try? RawConnection.acceptance(of: head)) ?? [:]
            all.merge(fields) { $1 }
            context.writeAndFlush(
                self.wrapOutboundOut(ByteBuffer(string: RawConnection.switching(all))), promise: nil)
            guard
                let connection = try? WebSocketConnection.start(
                    on: context.channel, position: .last, role: .server,
                    handshake: .init(request: HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")),
                    compression: nil, configuration: self.configuration, delivery: .reader)
            else { return }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            self.accepted(connection)
        }
    }
}
