package import NIOCore
import WebSocketCore

/// A message that one loop sends to many of its connections: laid out once, and compressed once for all that have agreed on the same.
/// It belongs to the loop; see ``WebSocketConnection/broadcast(_:as:to:compress:key:notSent:)`` for connections of several loops.
package final class LoopMessage {
    private let message: SharedMessage
    private var cache = SharedMessage.Cache()

    /// Takes the message.
    ///
    /// - Parameters:
    ///   - bytes: The payload; for text it must be UTF-8, which is not checked.
    ///   - kind: Text or binary.
    package init(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind) {
        self.message = SharedMessage(bytes, as: kind, compress: true)
    }

    /// Sends it, without waiting, as `trySend` does. On the connection's event loop.
    package func send(to connection: WebSocketConnection) -> SendResult {
        connection.sendOnLoop(self.message.payload.readableBytes) {
            $0.enqueueShared(self.message, key: nil, &self.cache)
        }
    }
}
