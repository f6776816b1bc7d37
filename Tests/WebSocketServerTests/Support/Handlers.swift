import Hummingbird
import NIOCore
import WebSocketCore
import WebSocketNIO
import WebSocketServer

/// Sends back what it gets.
struct Echo: WebSocketHandler {
    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        connection.trySend(bytes, as: kind)
    }
}

/// Sends back what it gets, and tells when it is gone.
final class TrackedEcho: WebSocketHandler, Sendable {
    private let onDeinit: @Sendable () -> Void

    init(onDeinit: @escaping @Sendable () -> Void) {
        self.onDeinit = onDeinit
    }

    deinit { self.onDeinit() }

    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        connection.trySend(bytes, as: kind)
    }
}

/// Routes with an echo at /echo, read by a task at /read, and a page at /page.
func echoRouter() -> Router<BasicRequestContext> {
    let router = Router(context: BasicRequestContext.self)
    router.webSocket("/echo", origins: .any, events: { _ in Echo() })
    router.webSocket("/read", origins: .any) { socket, _ in
        for try await message in socket.messages { try await socket.send(message) }
    }
    router.get("/page") { _, _ in "a page" }
    return router
}
