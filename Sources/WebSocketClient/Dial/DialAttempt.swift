import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// What one attempt to connect to one address needs, checked before anything is connected; and the attempt.
struct DialAttempt: Sendable {
    /// What the socket is connected to.
    private enum Route {
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

    private let url: WebSocketURL
    private let route: Route
    private let handshake: ClientHandshake
    private let request: HTTPRequest
    private let identity: ServerIdentity?
    private let options: DialOptions
    private let delivery: WebSocketDelivery

    init(_ target: DialTarget, _ options: DialOptions, _ delivery: WebSocketDelivery) throws(DialError) {
        self.url = target.url
        self.options = options
        self.delivery = delivery
        self.route = try DialAttempt.route(to: target.url, options)
        var random = SystemRandomNumberGenerator()
        let nonce = SIMD2<UInt64>(random.next(), random.next())
        do {
            self.handshake = try ClientHandshake(
                nonce: unsafeBitCast(nonce, to: SIMD16<UInt8>.self),
                subprotocols: options.protocols,
                extensions: options.configuration.compression.map { [PerMessageDeflate.offer($0)] } ?? [])
        } catch {
            throw DialError(.handshake(error))
        }
        self.request = self.handshake.request(
            authority: self.url.authority, path: self.url.path, secure: self.url.isSecure, fields: target.fields)
        var options = options
        if target.isElsewhere {
            // Who this client is, and which name the server has, is between it and the server that was asked for.
            options.tls.certificateChain = []
            options.tls.privateKey = nil
            options.serverName = nil
        }
        self.identity = self.url.isSecure ? try ServerIdentity(self.url, options) : nil
    }

    private static func route(to url: WebSocketURL, _ options: DialOptions) throws(DialError) -> Route {
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

    /// Connects, and does the opening handshake.
    ///
    /// - Parameters:
    ///   - loop: The event loop of the connection.
    ///   - promise: For the connection. However it is failed, the attempt's channels are closed then.
    func start(on loop: any EventLoop, promise: EventLoopPromise<WebSocketConnection>) {
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
        switch self.route {
        case .direct: connected = bootstrap.connect(host: self.url.host, port: self.url.port)
        case .unixSocket(let address): connected = bootstrap.connect(to: address)
        case .httpProxy(let server, _), .socksProxy(let server, _):
            connected = bootstrap.connect(host: server.host, port: server.port)
        }
        // Of the addresses of a name, several may be tried at once: nothing is said to any before one has won.
        connected.whenComplete { result in
            do {
                try self.open(try result.get(), deadline, promise)
            } catch {
                promise.fail(self.translated(error))
            }
        }
    }

    /// On the channel's event loop.
    private func open(
        _ channel: any Channel, _ deadline: NIODeadline, _ promise: EventLoopPromise<WebSocketConnection>
    ) throws {
        switch self.route {
        case .direct, .unixSocket:
            try self.addHandlers(to: channel, position: .last, promise: promise)
        case .httpProxy(_, let authorization):
            let host = self.url.host.contains(":") ? "[\(self.url.host)]" : self.url.host
            try self.addTunnel(
                HTTPConnectStateMachine(target: "\(host):\(self.url.port)", authorization: authorization),
                to: channel, deadline, promise)
        case .socksProxy(_, let request):
            try self.addTunnel(SOCKS5StateMachine(request), to: channel, deadline, promise)
        }
    }

    private func addTunnel<Machine: TunnelMachine & ~Copyable>(
        _ machine: consuming Machine, to channel: any Channel, _ deadline: NIODeadline,
        _ promise: EventLoopPromise<WebSocketConnection>
    ) throws {
        let tunnel = TunnelHandler(
            machine: machine, deadline: deadline,
            open: { try self.addHandlers(to: channel, position: $0, promise: promise) },
            fail: { promise.fail($0) })
        try channel.pipeline.syncOperations.addHandler(tunnel)
    }

    /// Adds what speaks with the server, on a channel that leads to it; with TLS for wss.
    private func addHandlers(
        to channel: any Channel, position: ChannelPipeline.SynchronousOperations.Position,
        promise: EventLoopPromise<WebSocketConnection>
    ) throws {
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
        let upgrade = ClientUpgradeHandler(
            handshake: self.handshake, request: self.request, identity: self.identity,
            configuration: self.options.configuration, delivery: self.delivery, encoder: encoder, decoder: decoder,
            promise: promise)
        var handlers: [any ChannelHandler] = [encoder, decoder, upgrade]
        if let identity {
            do {
                handlers.insert(
                    try NIOSSLClientHandler(context: identity.context, serverHostname: identity.serverName), at: 0)
            } catch {
                throw DialError(.tls("\(error)"))
            }
        }
        try channel.pipeline.syncOperations.addHandlers(handlers, position: position)
        try upgrade.start(in: channel, timeout: self.options.handshakeTimeout.timeAmount)
    }

    private func translated(_ error: any Error) -> DialError {
        if case .unixSocket = self.route, let error = error as? IOError, let path = self.options.unixSocket {
            return DialError(.connect("\(path): \(error)"))
        }
        let error = DialError(connecting: error)
        guard let server = self.route.proxy, case .connect(let reason) = error.code else { return error }
        return DialError(.connect("the proxy \(server) cannot be reached: \(reason)"))
    }
}

extension Duration {
    fileprivate var timeAmount: TimeAmount { .nanoseconds(Int64(clamping: self.nanoseconds)) }
}
