import HTTPTypes
public import NIOCore
import NIOHTTP1
public import NIOPosix
import NIOSSL
import WebSocketCore
import WebSocketDeflate
public import WebSocketNIO

/// Connects to WebSocket servers.
///
///     let socket = try await WebSocketClient.connect(to: "ws://localhost:3000/echo")
///     try await socket.send("hello")
///     for try await message in socket.messages { print(message) }
public enum WebSocketClient {
    /// How many bytes of a refusal's body are kept: 4 KiB, enough for its reason.
    public static let maxRefusalBody = 4 << 10

    /// Connects, and leaves the messages to ``WebSocketNIO/WebSocketConnection/messages``.
    ///
    /// - Parameters:
    ///   - url: The address: ws://… or wss://…
    ///   - options: How.
    ///   - group: The event loops to run on.
    /// - Returns: The open connection.
    /// - Throws: ``DialError``; `CancellationError` when the task is cancelled, which also gives the attempt up.
    public static func connect(
        to url: String, options: DialOptions = DialOptions(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> WebSocketConnection {
        try await self.connect(to: url, options: options, on: group, delivery: .reader)
    }

    /// Connects, and hands the messages to a handler on the event loop.
    ///
    /// - Parameters:
    ///   - url: The address: ws://… or wss://…
    ///   - options: How.
    ///   - group: The event loops to run on.
    ///   - events: Makes the handler, on the connection's event loop.
    /// - Returns: The open connection.
    /// - Throws: ``DialError``; `CancellationError` when the task is cancelled, which also gives the attempt up.
    public static func connect(
        to url: String, options: DialOptions = DialOptions(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        events: @escaping @Sendable (_ socket: WebSocketConnection) -> any WebSocketHandler
    ) async throws -> WebSocketConnection {
        try await self.connect(to: url, options: options, on: group, delivery: .handler(events))
    }

    private static func connect(
        to text: String, options: DialOptions, on group: any EventLoopGroup, delivery: WebSocketDelivery
    ) async throws -> WebSocketConnection {
        let url = try WebSocketURL(text)
        let attempt = try DialAttempt(url, options, delivery)
        let loop = group.next()
        let promise = loop.makePromise(of: WebSocketConnection.self)
        let deadline = NIODeadline.now() + .nanoseconds(Int64(clamping: options.timeout.nanoseconds))
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(deadline - .now())
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                // However the attempt is given up, its channels go with it.
                promise.futureResult.whenFailure { _ in channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    try attempt.addHandlers(to: channel, promise: promise, deadline: deadline)
                }
            }
        bootstrap.connect(host: url.host, port: url.port)
            .whenFailure { promise.fail(DialError(connecting: $0)) }
        return try await withTaskCancellationHandler {
            do {
                return try await promise.futureResult.get()
            } catch {
                try Task.checkCancellation()
                throw error
            }
        } onCancel: {
            promise.fail(CancellationError())
            // If that came too late:
            promise.futureResult.whenSuccess { $0.abort() }
        }
    }
}

/// What one attempt to connect needs, checked before anything is connected.
private struct DialAttempt: Sendable {
    let url: WebSocketURL
    let handshake: ClientHandshake
    let request: HTTPRequest
    let tls: NIOSSLContext?
    let configuration: WebSocketConfiguration
    let delivery: WebSocketDelivery

    init(_ url: WebSocketURL, _ options: DialOptions, _ delivery: WebSocketDelivery) throws {
        self.url = url
        self.configuration = options.configuration
        self.delivery = delivery
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
        for field in options.fields {
            let name = field.name.canonicalName
            guard !name.hasPrefix("sec-websocket-"),
                !["host", "upgrade", "connection", "content-length", "transfer-encoding"].contains(name)
            else { throw DialError(.invalidField(field.name.rawName)) }
        }
        var fields = options.fields
        if let authorization = url.authorization, fields[.authorization] == nil {
            fields[.authorization] = authorization
        }
        self.request = self.handshake.request(
            authority: url.authority, path: url.path, secure: url.isSecure, fields: fields)
        do {
            self.tls = url.isSecure ? try NIOSSLContext(configuration: options.tls) : nil
        } catch {
            throw DialError(.tls("\(error)"))
        }
    }

    func addHandlers(to channel: any Channel, promise: EventLoopPromise<WebSocketConnection>, deadline: NIODeadline)
        throws
    {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            // An address is no name: it cannot be indicated, and is checked as an address.
            let isAddress = (try? SocketAddress(ipAddress: self.url.host, port: 0)) != nil
            try pipeline.addHandler(
                NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : self.url.host))
        }
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
        try pipeline.addHandlers([encoder, decoder])
        try pipeline.addHandler(
            ClientUpgradeHandler(
                handshake: self.handshake, request: self.request, configuration: self.configuration,
                delivery: self.delivery, encoder: encoder, decoder: decoder, promise: promise, deadline: deadline))
    }
}
