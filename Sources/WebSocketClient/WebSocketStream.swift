public import NIOCore
public import NIOPosix
public import WebSocketCore
public import WebSocketNIO

/// A connection for structured code, with back pressure both ways (after the WebSocketStream proposal): it lives no longer than
/// those who use it.
///
///     let stream = try await WebSocketStream.connect("ws://localhost:3000/echo")
///     try await stream.send("hello")
///     for try await message in stream.messages { print(message) }
///     print(await stream.closed.code)
///
/// It differs from ``WebSocketNIO/WebSocketConnection``, on which it stands, in how it ends: when the task that reads or sends is
/// cancelled, or nobody holds the stream any more, the connection is closed with 1001.
public final class WebSocketStream: Sendable {
    /// The connection: for pieces, pings and whatever else it offers.
    public let connection: WebSocketConnection

    /// Makes a stream of an open connection that has no `WebSocketHandler`; on a server, too.
    public init(_ connection: WebSocketConnection) {
        self.connection = connection
    }

    deinit {
        self.goAway()
    }

    /// Connects.
    ///
    /// - Parameters:
    ///   - url: ws://… or wss://…
    ///   - options: How.
    ///   - group: The event loops to run on.
    /// - Throws: ``DialError``; `CancellationError` when the task is cancelled, which also gives the attempt up.
    public static func connect(
        _ url: String, options: DialOptions = DialOptions(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> WebSocketStream {
        WebSocketStream(try await WebSocketClient.connect(to: url, options: options, on: group))
    }

    /// The subprotocol agreed on, or "".
    public var `protocol`: String { self.connection.subprotocol ?? "" }
    /// The extensions agreed on, as in the header field, or "".
    public var extensions: String { WebSocketExtension.serialize(self.connection.extensions) }

    /// The messages. The peer is slowed down while nobody takes them. The sequence ends when the connection has closed cleanly,
    /// and throws `WebSocketError` when it was lost or failed. When the task is cancelled, it closes the connection and
    /// throws `CancellationError`.
    public var messages: Messages { Messages(stream: self) }

    /// See ``WebSocketStream/messages``.
    public struct Messages: AsyncSequence, Sendable {
        /// A whole message.
        public typealias Element = WebSocketMessage
        let stream: WebSocketStream

        /// Makes an iterator; all iterators of a stream take from the same queue.
        public func makeAsyncIterator() -> Iterator {
            Iterator(stream: self.stream, messages: self.stream.connection.messages.makeAsyncIterator())
        }

        /// Takes messages one by one.
        public struct Iterator: AsyncIteratorProtocol {
            let stream: WebSocketStream
            var messages: WebSocketConnection.Messages.Iterator

            /// The next message; nil when the connection has closed cleanly.
            public mutating func next() async throws -> WebSocketMessage? {
                do {
                    return try await self.messages.next()
                } catch let error as CancellationError {
                    self.stream.goAway()
                    throw error
                }
            }
        }
    }

    /// Sends a text message. Returns when at most ``WebSocketNIO/WebSocketConfiguration/sendBuffer`` waits for the peer.
    ///
    /// - Throws: `WebSocketError` when the connection is closing or closed, or is lost while waiting; `CancellationError` when the
    ///   task is cancelled, which closes the connection: the message may not have left.
    public func send(_ text: String) async throws {
        try await self.send(.text(text))
    }

    /// Sends a binary message; see ``send(_:)-(String)``.
    public func send(_ bytes: ByteBuffer) async throws {
        try await self.send(.binary(bytes))
    }

    /// Sends a message; see ``send(_:)-(String)``.
    public func send(_ message: WebSocketMessage) async throws {
        do {
            try Task.checkCancellation()
            try await self.connection.send(message)
            try Task.checkCancellation()
        } catch let error as CancellationError {
            self.goAway()
            throw error
        }
    }

    /// Closes the connection, and waits until it is gone: at most ``WebSocketNIO/WebSocketConfiguration/closeTimeout``.
    ///
    /// - Parameters:
    ///   - code: One that may be sent.
    ///   - reason: At most 123 bytes of UTF-8.
    /// - Returns: How it ended.
    /// - Throws: `ProtocolError` when the code or the reason may not be sent; then nothing happens.
    @discardableResult
    public func close(code: CloseCode = .normalClosure, reason: String = "") async throws(ProtocolError) -> Closure {
        try await self.connection.close(code: code, reason: reason)
    }

    /// How the connection ended: waits for the end. When the task is cancelled, it closes the connection, and waits for that.
    public var closed: Closure {
        get async {
            await withTaskCancellationHandler {
                await self.connection.closed
            } onCancel: {
                self.goAway()
            }
        }
    }

    /// Starts the closing handshake, if that has not happened.
    private func goAway() {
        try? self.connection.startClosing(code: .goingAway)
    }
}
