import NIOCore
import WebSocketNIO

/// Sends back what it gets.
struct Echo: WebSocketHandler {
    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        if connection.trySend(bytes, as: kind) == .full { connection.abort() }
    }
}
