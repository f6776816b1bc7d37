public import HTTPTypes
public import NIOCore
public import NIOPosix
import WebSocketCore
public import WebSocketNIO

/// One connection over HTTP/2 that carries many WebSockets to one server (RFC 8441): one TCP connection, and one TLS handshake.
///
///     let server = try await WebSocketHTTP2Connection.connect(to: "wss://example.com")
///     let chat = try await server.webSocket("/chat", protocols: ["chat.v2"])
///     let news = try await server.webSocket("/news")
///     await server.close()
///
/// A WebSocket that is slow holds itself up, not the others. Everything may be used from any thread or task. When nobody holds
/// it any more, it ends with its last WebSocket.
public final class WebSocketHTTP2Connection: Sendable {
    /// The server's address.
    public let url: WebSocketURL
    private let options: DialOptions
    private let connection: HTTP2ClientHandler
    private let channel: any Channel

    private init(_ url: WebSocketURL, _ options: DialOptions, _ connection: HTTP2ClientHandler, _ channel: any Channel)
    {
        self.url = url
        self.options = options
        self.connection = connection
        self.channel = channel
    }

    deinit {
        let connection = self.connection
        self.channel.eventLoop.execute { connection.leave("nobody holds it any more") }
    }

    /// Connects to a server, and waits until it has said that it has WebSockets over HTTP/2.
    ///
    /// - Parameters:
    ///   - url: The server: wss://… (by ALPN), or ws://… (by prior knowledge); the path is what those of ``webSocket(_:protocols:fields:configuration:)``
    ///     are relative to.
    ///   - options: How, and what all WebSockets have in common. ``DialOptions/httpVersion`` and ``DialOptions/maxRedirects`` are
    ///     not used.
    ///   - group: The event loops, one of which it lives on with all its WebSockets.
    /// - Throws: ``DialError``, with ``DialError/needsHTTP1`` where the server has it only over HTTP/1.1; `CancellationError` when the
    ///   task is cancelled, which also gives the attempt up.
    public static func connect(
        to url: String, options: DialOptions = DialOptions(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> WebSocketHTTP2Connection {
        var options = options
        options.httpVersion = .http2
        let target = try DialTarget(WebSocketURL(url), options)
        do {
            let route = try ServerRoute(target, options)
            let timeout = options.handshakeTimeout.timeAmount
            let promise = group.next().makePromise(of: Connected.self)
            route.connect(on: promise.futureResult.eventLoop, promise: promise) { channel, position in
                let deadline = NIODeadline.now() + timeout
                let ready = channel.eventLoop.makePromise(of: HTTP2ClientHandler.self)
                ready.futureResult.whenComplete { result in
                    promise.completeWith(
                        result.map { Connected(connection: $0, channel: channel) }.mapError(DialError.init(connecting:))
                    )
                }
                guard let identity = route.identity else {
                    return try HTTP2ClientHandler.add(to: channel, position, deadline, promise: ready)
                }
                try HTTPVersionHandler.add(
                    to: channel, position, identity, deadline,
                    chosen: { isHTTP2, position in
                        guard isHTTP2 else { throw DialError(.http2(.notSpoken)) }
                        try HTTP2ClientHandler.add(to: channel, position, deadline, promise: ready)
                    },
                    fail: { ready.fail($0) })
            }
            let connected = try await promise.valueUnlessCancelled { $0.channel.close(promise: nil) }
            return WebSocketHTTP2Connection(target.url, options, connected.connection, connected.channel)
        } catch var error as DialError {
            error.url = target.url
            throw error
        }
    }

    private struct Connected: Sendable {
        var connection: HTTP2ClientHandler
        var channel: any Channel
    }

    // MARK: WebSockets

    /// Opens a WebSocket, and leaves the messages to ``WebSocketNIO/WebSocketConnection/messages``.
    ///
    /// - Parameters:
    ///   - path: The path with the query, or an address on the same server.
    ///   - protocols: The subprotocols to ask for, best first; nil for those of the connection's options.
    ///   - fields: Further header fields, beside those of the connection's options.
    ///   - configuration: How it behaves; nil for the configuration of the connection's options.
    /// - Throws: ``DialError``: a refusal, ``DialError/maxStreams`` streams that are open, or a connection that is ending;
    ///   `CancellationError` when the task is cancelled, which also gives the attempt up.
    public func webSocket(
        _ path: String = "", protocols: [String]? = nil, fields: HTTPFields = [:],
        configuration: WebSocketConfiguration? = nil
    ) async throws -> WebSocketConnection {
        try await self.open(path, protocols, fields, configuration, .reader)
    }

    /// Opens a WebSocket, and hands the messages to a handler on the event loop; see ``webSocket(_:protocols:fields:configuration:)``.
    ///
    /// - Parameters:
    ///   - path: The path with the query, or an address on the same server.
    ///   - protocols: The subprotocols to ask for, best first; nil for those of the connection's options.
    ///   - fields: Further header fields, beside those of the connection's options.
    ///   - configuration: How it behaves; nil for the configuration of the connection's options.
    ///   - events: Makes the handler, on the connection's event loop.
    public func webSocket(
        _ path: String = "", protocols: [String]? = nil, fields: HTTPFields = [:],
        configuration: WebSocketConfiguration? = nil,
        events: @escaping @Sendable (_ socket: WebSocketConnection) -> any WebSocketHandler
    ) async throws -> WebSocketConnection {
        try await self.open(path, protocols, fields, configuration, .handler(events))
    }

    private func open(
        _ path: String, _ protocols: [String]?, _ fields: HTTPFields, _ configuration: WebSocketConfiguration?,
        _ delivery: WebSocketDelivery
    ) async throws -> WebSocketConnection {
        var options = self.options
        if let protocols { options.protocols = protocols }
        if let configuration { options.configuration = configuration }
        options.fields.append(contentsOf: fields)
        let url = try WebSocketURL(path, relativeTo: self.url)
        guard url.origin == self.url.origin else {
            throw DialError(.invalidURL(path, "this connection leads to \(self.url.origin)"))
        }
        var target = try DialTarget(url, options)
        target.nameSpan()
        let opening = try ClientOpening(target, options, delivery)
        let promise = self.channel.eventLoop.makePromise(of: WebSocketConnection.self)
        let deadline = NIODeadline.now() + options.handshakeTimeout.timeAmount
        let connection = self.connection
        self.channel.eventLoop.execute { connection.open(opening, deadline, promise: promise) }
        do {
            return try await promise.valueUnlessCancelled { $0.abort() }
        } catch var error as DialError {
            error.url = url
            throw error
        }
    }

    // MARK: The end

    /// Whether the connection is there. It may be ending, and take no more WebSockets.
    public var isActive: Bool { self.channel.isActive }

    /// Opens no more WebSockets, closes those that are open with 1001, and waits until all are gone: at most their
    /// ``WebSocketNIO/WebSocketConfiguration/closeTimeout``. Cancelling the task does not end the wait.
    public func close() async {
        let connection = self.connection
        self.channel.eventLoop.execute { connection.closeAll() }
        try? await self.channel.closeFuture.get()
    }
}

extension EventLoopPromise where Value: Sendable {
    /// Waits for what is being made. When the task is cancelled the promise fails, and if that comes too late, `undo` is called.
    func valueUnlessCancelled(undo: @escaping @Sendable (Value) -> Void) async throws -> Value {
        try await withTaskCancellationHandler {
            do {
                let value = try await self.futureResult.get()
                // It came too late, and is being undone.
                try Task.checkCancellation()
                return value
            } catch {
                try Task.checkCancellation()
                throw error
            }
        } onCancel: {
            self.fail(CancellationError())
            self.futureResult.whenSuccess(undo)
        }
    }
}
