import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOSSL
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// What one attempt to connect to one address needs, checked before anything is connected; and the attempt.
struct DialAttempt: Sendable {
    private let route: ServerRoute
    private let opening: ClientOpening
    private let options: DialOptions

    init(_ target: DialTarget, _ options: DialOptions, _ delivery: WebSocketDelivery) throws(DialError) {
        self.options = options
        self.route = try ServerRoute(target, options)
        self.opening = try ClientOpening(target, options, delivery)
    }

    /// Connects, and does the opening handshake.
    ///
    /// - Parameters:
    ///   - loop: The event loop of the connection.
    ///   - promise: For the connection. However it is failed, the attempt's channels are closed then.
    func start(on loop: any EventLoop, promise: EventLoopPromise<WebSocketConnection>) {
        self.route.connect(on: loop, promise: promise) { channel, position in
            let deadline = NIODeadline.now() + self.options.handshakeTimeout.timeAmount
            switch (self.options.httpVersion, self.route.identity) {
            case (.http1, let identity):
                try self.addHTTP1(to: channel, position, identity, deadline, promise)
            case (.automatic, nil):
                try self.addHTTP1(to: channel, position, nil, deadline, promise)
            case (.http2, nil):
                try self.addHTTP2(to: channel, position, deadline, promise)
            case (.http2, let identity?), (.automatic, let identity?):
                try self.addNegotiation(to: channel, position, identity, deadline, promise)
            }
        }
    }

    /// Adds TLS, and then what the server chooses.
    private func addNegotiation(
        to channel: any Channel, _ position: ChannelPipeline.SynchronousOperations.Position,
        _ identity: ServerIdentity, _ deadline: NIODeadline, _ promise: EventLoopPromise<WebSocketConnection>
    ) throws {
        try HTTPVersionHandler.add(
            to: channel, position, identity, deadline,
            chosen: { isHTTP2, position in
                if isHTTP2 {
                    try self.addHTTP2(to: channel, position, deadline, promise)
                } else if self.options.httpVersion == .automatic {
                    try self.addHTTP1(to: channel, position, nil, deadline, promise)
                } else {
                    throw DialError(.http2(.notSpoken))
                }
            },
            fail: { promise.fail($0) })
    }

    /// Adds HTTP/1.1, with TLS for wss where that is not there yet.
    private func addHTTP1(
        to channel: any Channel, _ position: ChannelPipeline.SynchronousOperations.Position,
        _ identity: ServerIdentity?, _ deadline: NIODeadline, _ promise: EventLoopPromise<WebSocketConnection>
    ) throws {
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
        let upgrade = ClientUpgradeHandler(
            handshake: self.opening.handshake, request: self.opening.request(.http1), identity: identity,
            configuration: self.options.configuration, delivery: self.opening.delivery, encoder: encoder,
            decoder: decoder,
            promise: promise)
        var handlers: [any ChannelHandler] = [encoder, decoder, upgrade]
        if let identity { handlers = [try identity.makeHandler(), TLSClosing()] + handlers }
        try channel.pipeline.syncOperations.addHandlers(handlers, position: position)
        try upgrade.start(in: channel, timeout: deadline - .now())
    }

    /// Adds HTTP/2, and opens one stream, with which the connection ends.
    private func addHTTP2(
        to channel: any Channel, _ position: ChannelPipeline.SynchronousOperations.Position, _ deadline: NIODeadline,
        _ promise: EventLoopPromise<WebSocketConnection>
    ) throws {
        let ready = channel.eventLoop.makePromise(of: HTTP2ClientHandler.self)
        ready.futureResult.whenComplete { result in
            switch result {
            case .success(let connection):
                connection.endsWithLastStream = true
                connection.open(self.opening, deadline, promise: promise)
            case .failure(let error):
                promise.fail(DialError(connecting: error))
            }
        }
        try HTTP2ClientHandler.add(to: channel, position, deadline, promise: ready)
    }
}
