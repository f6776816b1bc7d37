import Hummingbird
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO
import WebSocketServer

/// What `duplex serve` serves.
///
/// - Parameter compression: How messages are compressed; nil for not at all.
func routes(compression: DeflateConfiguration? = nil) -> Router<BasicRequestContext> {
    /// The largest message that `/echo` takes: 64 MiB.
    let maxEcho = 64 << 20
    let router = Router(context: BasicRequestContext.self)
    for page in Page.all {
        router.get(RouterPath(page.path)) { request, _ in page.response(to: request) }
    }
    let chat = ChatRoom()
    router.webSocket(
        "/chat", protocols: [ChatRoom.subprotocol],
        configuration: .init(
            limits: Limits(maxMessageSize: 64 << 10), maxSendBuffer: ChatRoom.maxWaiting,
            compression: compression),
        events: { _ in ChatMember(chat) })
    router.webSocket(
        "/echo", origins: .any,
        configuration: .init(
            limits: Limits(maxMessageSize: maxEcho), maxSendBuffer: 2 * maxEcho, compression: compression),
        events: { _ in Echo() })
    return router
}
