public import NIOCore
import WebSocketCore

extension WebSocketConnection {
    /// Sends a message to many connections, without waiting.
    ///
    /// It is laid out once, and compressed once for all connections that agreed on the same (without context takeover; where
    /// messages refer to earlier ones, each connection has to compress it by itself). Each event loop is woken up once.
    /// Connections that are not open do not get it; what becomes of it where ``WebSocketConfiguration/maxSendBuffer`` would be passed
    /// says their ``WebSocketConfiguration/slowConsumers``.
    ///
    /// What is broadcast one after the other, say under a lock, is seen in the same order by all.
    ///
    /// - Parameters:
    ///   - bytes: The payload; for text it must be UTF-8, which is not checked.
    ///   - kind: Text or binary.
    ///   - connections: To whom.
    ///   - compress: Whether it is compressed where that was agreed on.
    ///   - key: What a later message with the same key may replace; see ``SlowConsumerPolicy/keepLatest``.
    ///   - notSent: Called, before this returns, for each connection where the result is not ``SendResult/sent``.
    public static func broadcast(
        _ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, to connections: some Sequence<WebSocketConnection>,
        compress: Bool = true, key: Int? = nil, notSent: (WebSocketConnection, SendResult) -> Void = { _, _ in }
    ) {
        let message = SharedMessage(bytes, as: kind, compress: compress)
        var cache = SharedMessage.Cache()
        var elsewhere: [ObjectIdentifier: [WebSocketConnection]] = [:]
        for connection in connections {
            let result: SendResult
            if connection.isNext {
                result = connection.sendOnLoop(bytes.readableBytes, key: key) {
                    $0.enqueueShared(message, key: key, &cache)
                }
            } else {
                result = connection.admit(bytes.readableBytes)
                if result == .sent || result == .slow {
                    elsewhere[ObjectIdentifier(connection.eventLoop), default: []].append(connection)
                }
            }
            if result != .sent { notSent(connection, result) }
        }
        for connections in elsewhere.values {
            connections[0].eventLoop.execute {
                var cache = SharedMessage.Cache()
                for connection in connections {
                    connection.arrive(bytes.readableBytes, key: key) { $0.enqueueShared(message, key: key, &cache) }
                }
            }
        }
    }

    /// Sends a text message to many connections, without waiting; see ``broadcast(_:as:to:compress:key:notSent:)``.
    public static func broadcast(
        _ text: String, to connections: some Sequence<WebSocketConnection>, compress: Bool = true,
        key: Int? = nil, notSent: (WebSocketConnection, SendResult) -> Void = { _, _ in }
    ) {
        self.broadcast(
            ByteBuffer(string: text), as: .text, to: connections, compress: compress, key: key, notSent: notSent)
    }
}
