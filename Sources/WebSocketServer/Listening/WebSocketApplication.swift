public import Hummingbird
import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1
public import NIOPosix
public import ServiceLifecycle
import UnixSignals

/// A server for the internet: what Hummingbird's `Application` is, and beside that several addresses at once, Unix sockets that
/// clean up behind themselves, and a listener for each event loop (`SO_REUSEPORT`).
///
///     let app = WebSocketApplication(router: router, addresses: [.hostname("0.0.0.0", port: 3000)])
///     try await app.runService()
///
/// Accepting goes on when descriptors run out. A Hummingbird `Application` with `server: .webSocket()` has everything else.
public struct WebSocketApplication<Responder: HTTPResponder>: Service
where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    /// The default of `backlog`: 4096 connections that wait to be accepted.
    public static var defaultBacklog: Int { 4096 }

    private let responder: Responder
    private let addresses: [ListenAddress]
    private let configuration: WebSocketServerConfiguration
    private let reusePort: Bool
    private let backlog: Int
    private let serverName: String?
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onRunning: @Sendable ([any Channel]) async -> Void

    /// Makes a server.
    ///
    /// - Parameters:
    ///   - router: What is served.
    ///   - addresses: Where it listens.
    ///   - configuration: How connections are treated.
    ///   - reusePort: Whether each event loop has a listener of its own for each port, and the kernel spreads connections over
    ///     them; then other processes of the same user can listen there, too. Default: one listener, and connections
    ///     go to the loops in turn.
    ///   - backlog: How many connections may wait to be accepted; the kernel may allow fewer. Default ``defaultBacklog``.
    ///   - serverName: What the Server field says; nil for no such field.
    ///   - eventLoopGroup: The event loops.
    ///   - logger: Where is logged.
    ///   - onRunning: Called when all addresses are listened on, with the listening channels.
    public init<Builder: HTTPResponderBuilder>(
        router: Builder,
        addresses: [ListenAddress],
        configuration: WebSocketServerConfiguration = WebSocketServerConfiguration(),
        reusePort: Bool = false,
        backlog: Int = WebSocketApplication.defaultBacklog,
        serverName: String? = nil,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "WebSocketApplication"),
        onRunning: @escaping @Sendable ([any Channel]) async -> Void = { _ in }
    ) where Builder.Responder == Responder {
        self.responder = router.buildResponder()
        self.addresses = addresses
        self.configuration = configuration
        self.reusePort = reusePort
        self.backlog = backlog
        self.serverName = serverName
        self.group = eventLoopGroup
        self.logger = logger
        self.onRunning = onRunning
    }

    /// Serves until it is shut down gracefully, or its task is cancelled.
    ///
    /// - Throws: ``ListenError`` when one of the addresses cannot be listened on; then it listens on none. Also when listening has
    ///   ended on all of them by itself, as after an error that is no passing one: then its connections are told to go as in a shutdown.
    public func run() async throws {
        let channel = WebSocketServerChannel(responder: self.respond(), configuration: self.configuration)
        let listeners = try await Listener.all(
            self.addresses, channel, on: self.group, reusePort: self.reusePort, backlog: self.backlog, self.logger)
        let losses = ListenerLosses(of: listeners.count)
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await self.onRunning(listeners.map(\.channel.channel))
                await withDiscardingTaskGroup { group in
                    for listener in listeners {
                        group.addTask {
                            await self.accept(on: listener, channel) { error in
                                guard losses.isLast(error) else { return }
                                // A server that cannot be reached has to end, so that somebody begins it anew.
                                channel.shared.beginDraining()
                                for listener in listeners { listener.quiesce() }
                            }
                        }
                    }
                }
            } onGracefulShutdown: {
                for listener in listeners { listener.quiesce() }
            }
        } onCancel: {
            for listener in listeners { listener.cleanUp() }
        }
        if let error = losses.end { throw error }
    }

    /// Serves until SIGINT or SIGTERM.
    public func runService() async throws {
        let group = ServiceGroup(
            configuration: .init(services: [self], gracefulShutdownSignals: [.sigint, .sigterm], logger: self.logger))
        try await group.run()
    }

    /// Answers the connections of an address, until it is listened on no more and they are gone.
    ///
    /// - Parameter lost: Called when listening has ended by itself.
    private func accept(
        on listener: Listener, _ channel: WebSocketServerChannel, lost: @Sendable (ListenError) -> Void
    ) async {
        let logger = self.logger
        await withDiscardingTaskGroup { group in
            var error: (any Error)?
            do {
                try await listener.channel.executeThenClose { connections in
                    for try await connection in connections {
                        group.addTask { await channel.handle(value: connection, logger: logger) }
                    }
                }
            } catch is CancellationError {
                // The connections are cancelled as well.
            } catch let thrown {
                error = thrown
            }
            listener.cleanUp()
            // NIO says nothing behind an error of accepting: it closes the socket.
            guard let error = error ?? listener.failure.error else { return }
            logger.error("listening ended", metadata: ["address": "\(listener.address)", "error": "\(error)"])
            lost(ListenError(address: listener.address.description, "\(error)"))
        }
    }

    /// What answers a request: the router, and the fields that all answers have.
    private func respond() -> HTTPChannelHandler.Responder {
        let (responder, serverName, date) = (self.responder, self.serverName, HTTPDate())
        let base = self.logger
        return { request, writer, channel in
            var logger = base
            logger[metadataKey: "request"] = .stringConvertible(RequestID())
            if let peer = Peer.current { logger[metadataKey: "connection"] = .string(peer.connectionID) }
            let context = Responder.Context(source: .init(channel: channel, logger: logger))
            var response: Response
            do {
                response = try await responder.respond(to: request, context: context)
            } catch let error as HTTPParserError {
                // Of the body; who called this answers it.
                throw error
            } catch {
                logger.debug("a route failed", metadata: ["error": .foreign(error)])
                response = Response(status: .internalServerError)
            }
            response.headers[.date] = date.now
            if let serverName { response.headers[.server] = serverName }
            do {
                try await writer.write(response: response.head, body: response.body)
            } catch let error as HTTPParserError {
                // There is an answer on its way already, so the error must not become one.
                throw ListenError(address: "-", "\(error)")
            }
        }
    }
}
