import NIOCore
import NIOPosix
import NIOSSL
import WebSocketCore
import WebSocketNIO

/// The way to a server: which address or proxy is connected to, and who the server must be. Checked before anything is
/// connected.
struct ServerRoute: Sendable {
    /// What the socket is connected to.
    private enum Kind: Sendable {
        case direct
        case unixSocket(SocketAddress)
        case httpProxy(DialProxy.Server, authorization: String?)
        case socksProxy(DialProxy.Server, SOCKS5StateMachine.Request)

        var proxy: DialProxy.Server? {
            switch self {
            case .direct, .unixSocket: nil
            case .httpProxy(let server, _), .socksProxy(let server, _): server
            }
        }
    }

    let url: WebSocketURL
    /// Who the server must be; nil for ws.
    let identity: ServerIdentity?
    private let kind: Kind
    private let options: DialOptions

    init(_ target: DialTarget, _ options: DialOptions) throws(DialError) {
        self.url = target.url
        self.options = options
        self.kind = try ServerRoute.kind(to: target.url, options)
        var options = options
        if target.isElsewhere {
            // Who this client is, and which name the server has, is between it and the server that was asked for.
            options.tls.certificateChain = []
            options.tls.privateKey = nil
            options.serverName = nil
        }
        self.identity = self.url.isSecure ? try ServerIdentity(self.url, options) : nil
    }

    private static func kind(to url: WebSocketURL, _ options: DialOptions) throws(DialError) -> Kind {
        if let path = options.unixSocket {
            do {
                return .unixSocket(try SocketAddress(unixDomainSocketPath: path))
            } catch {
                throw DialError(.connect("the path of the Unix socket is too long: \(path)"))
            }
        }
        guard let server = try options.proxy.server(for: url, environment: { ProxyEnvironment.ofProcess }) else {
            return .direct
        }
        let isAnonymous = server.username == nil && server.password == nil
        let (username, password) = (server.username ?? "", server.password ?? "")
        switch server.scheme {
        case .http:
            guard !username.utf8.contains(UInt8(ascii: ":")) else {
                throw DialError(.invalidProxy("a user name for HTTP has no colon"))
            }
            return .httpProxy(
                server,
                authorization: isAnonymous
                    ? nil : BasicAuthorization.value(username: username.utf8, password: password.utf8))
        case .socks5:
            return .socksProxy(
                server,
                try .init(
                    host: url.host, port: url.port,
                    credentials: isAnonymous ? nil : .init(username: username, password: password)))
        }
    }

    // MARK: Connecting

    /// Connects, and opens the way through a proxy.
    ///
    /// - Parameters:
    ///   - loop: The event loop of the connection.
    ///   - promise: For what is being made. However it is failed, the attempt's channels are closed then.
    ///   - open: Adds, at the position, what speaks with the server. On the event loop.
    func connect<Value: Sendable>(
        on loop: any EventLoop, promise: EventLoopPromise<Value>,
        open: @escaping @Sendable (any Channel, ChannelPipeline.SynchronousOperations.Position) throws -> Void
    ) {
        let deadline = NIODeadline.now() + self.options.connectTimeout.timeAmount
        let bootstrap = ClientBootstrap(group: loop)
            .resolver(self.options.resolver)
            .connectTimeout(deadline - .now())
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                promise.futureResult.whenFailure { _ in channel.close(promise: nil) }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
        let connected: EventLoopFuture<any Channel>
        switch self.kind {
        case .direct: connected = bootstrap.connect(host: self.url.host, port: self.url.port)
        case .unixSocket(let address): connected = bootstrap.connect(to: address)
        case .httpProxy(let server, _), .socksProxy(let server, _):
            connected = bootstrap.connect(host: server.host, port: server.port)
        }
        // Of the addresses of a name, several may be tried at once: nothing is said to any before one has won.
        connected.whenComplete { result in
            do {
                try self.connected(try result.get(), deadline, promise, open)
            } catch {
                promise.fail(self.translated(error))
            }
        }
    }

    /// On the channel's event loop.
    private func connected<Value>(
        _ channel: any Channel, _ deadline: NIODeadline, _ promise: EventLoopPromise<Value>,
        _ open: @escaping (any Channel, ChannelPipeline.SynchronousOperations.Position) throws -> Void
    ) throws {
        switch self.kind {
        case .direct, .unixSocket:
            try open(channel, .last)
        case .httpProxy(_, let authorization):
            let host = self.url.host.contains(":") ? "[\(self.url.host)]" : self.url.host
            try self.addTunnel(
                HTTPConnectStateMachine(target: "\(host):\(self.url.port)", authorization: authorization),
                to: channel, deadline, promise, open)
        case .socksProxy(_, let request):
            try self.addTunnel(SOCKS5StateMachine(request), to: channel, deadline, promise, open)
        }
    }

    private func addTunnel<Machine: TunnelMachine & ~Copyable, Value>(
        _ machine: consuming Machine, to channel: any Channel, _ deadline: NIODeadline,
        _ promise: EventLoopPromise<Value>,
        _ open: @escaping (any Channel, ChannelPipeline.SynchronousOperations.Position) throws -> Void
    ) throws {
        let tunnel = TunnelHandler(
            machine: machine, deadline: deadline,
            open: { try open(channel, $0) },
            fail: { promise.fail($0) })
        try channel.pipeline.syncOperations.addHandler(tunnel)
    }

    private func translated(_ error: any Error) -> DialError {
        if case .unixSocket = self.kind, let error = error as? IOError, let path = self.options.unixSocket {
            return DialError(.connect("\(path): \(error)"))
        }
        let error = DialError(connecting: error)
        guard let server = self.kind.proxy, case .connect(let reason) = error.code else { return error }
        return DialError(.connect("the proxy \(server) cannot be reached: \(reason)"))
    }
}
