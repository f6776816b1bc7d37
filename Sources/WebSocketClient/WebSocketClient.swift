import HTTPTypes
public import NIOCore
public import NIOPosix
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
        var target = try DialTarget(WebSocketURL(text), options)
        target.nameSpan()
        var options = options
        let loop = group.next()
        while true {
            do {
                let attempt = try DialAttempt(target, options, delivery)
                return try await self.finish(attempt, on: loop)
            } catch var error as DialError {
                error.url = target.url
                error.isRedirected = target.redirects > 0
                if error.needsHTTP1, options.httpVersion == .automatic {
                    options.httpVersion = .http1
                    continue
                }
                guard let refusal = error.refusal else { throw error }
                do {
                    guard try target.follow(refusal.response, limit: options.maxRedirects) else { throw error }
                } catch var error as DialError {
                    error.url = target.url
                    error.isRedirected = target.redirects > 0
                    throw error
                }
            }
        }
    }

    private static func finish(_ attempt: DialAttempt, on loop: any EventLoop) async throws -> WebSocketConnection {
        let promise = loop.makePromise(of: WebSocketConnection.self)
        attempt.start(on: loop, promise: promise)
        return try await promise.valueUnlessCancelled { $0.abort() }
    }
}
