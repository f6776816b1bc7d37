import Logging
import NIOCore
import NIOExtras
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One listening socket.
struct Listener: Sendable {
    typealias Connections = NIOAsyncChannel<WebSocketServerChannel.Value, Never>

    let address: ListenAddress
    let channel: Connections
    private let quiescing: ServerQuiescingHelper
    private let file: SocketFile?
    /// Why listening has ended by itself.
    let failure: ListenerFailure

    /// Listens on all addresses, or on none.
    ///
    /// - Throws: ``ListenError``.
    static func all(
        _ addresses: [ListenAddress], _ setup: WebSocketServerChannel, on group: any EventLoopGroup, reusePort: Bool,
        backlog: Int, _ logger: Logger
    ) async throws -> [Listener] {
        var listeners: [Listener] = []
        do {
            for address in addresses {
                switch address {
                case .hostname(let host, var port) where reusePort:
                    for loop in group.makeIterator() {
                        let address = ListenAddress.hostname(host, port: port)
                        let listener = try await Listener(
                            address, setup, on: loop, for: loop, reusePort: true, backlog: backlog, logger)
                        listeners.append(listener)
                        // All listen on the port that the first one got.
                        if port == 0 { port = listener.channel.channel.localAddress?.port ?? 0 }
                    }
                case .hostname, .unixSocket:
                    listeners.append(
                        try await Listener(
                            address, setup, on: group, for: group, reusePort: false, backlog: backlog, logger))
                }
            }
            return listeners
        } catch {
            for listener in listeners {
                listener.cleanUp()
                try? await listener.channel.channel.close()
            }
            throw error
        }
    }

    private init(
        _ address: ListenAddress, _ setup: WebSocketServerChannel, on group: any EventLoopGroup,
        for children: any EventLoopGroup, reusePort: Bool, backlog: Int, _ logger: Logger
    ) async throws {
        let quiescing = ServerQuiescingHelper(group: group)
        let failure = ListenerFailure()
        let bootstrap = ServerBootstrap(group: group, childGroup: children)
            .serverChannelOption(.backlog, value: Int32(clamping: backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if reusePort {
                        try channel.syncOptions?.setOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGuard(logger) { failure.error = $0 })
                    try channel.pipeline.syncOperations.addHandler(DrainBeginningHandler(setup.shared))
                    try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
        do {
            switch address {
            case .hostname(let host, let port):
                self.channel = try await bootstrap.bind(host: host, port: port) { channel in
                    setup.setup(channel: channel, logger: logger)
                }
            case .unixSocket(let path):
                self.channel = try await bootstrap.bind(
                    unixDomainSocketPath: path, cleanupExistingSocketFile: Listener.isAbandoned(path)
                ) { channel in
                    setup.setup(channel: channel, logger: logger)
                }
            }
        } catch let error as IOError {
            throw ListenError(address: address.description, String(cString: strerror(error.errnoCode)))
        } catch {
            throw ListenError(address: address.description, "\(error)")
        }
        if case .unixSocket(let path) = address { self.file = SocketFile(path: path) } else { self.file = nil }
        self.address = address
        self.quiescing = quiescing
        self.failure = failure
    }

    /// Stops accepting, and tells all connections to come to their end. Another server can listen there at once.
    func quiesce() {
        self.cleanUp()
        self.quiescing.initiateShutdown(promise: nil)
    }

    /// Removes what is left of it in the file system, once; to be called before it is closed.
    func cleanUp() {
        self.file?.remove()
    }

    /// Whether nobody listens on the socket any more, left by a server that was killed. One that somebody listens on stays, and
    /// binding fails; so does it with what is no socket.
    private static func isAbandoned(_ path: String) -> Bool {
        guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return false }
        #if canImport(Darwin)
        let probe = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard probe >= 0 else { return false }
        defer { _ = close(probe) }
        return address.withSockAddr { connect(probe, $0, socklen_t($1)) == -1 && errno == ECONNREFUSED }
    }
}
