import Hummingbird
import WebSocketCore
import WebSocketNIO
import WebSocketServer

/// What `duplex serve` serves.
func routes() -> Router<BasicRequestContext> {
    /// The largest message that `/echo` takes: 64 MiB.
    let maxEcho = 64 << 20
    let router = Router(context: BasicRequestContext.self)
    for page in Page.all {
        router.get(RouterPath(page.path)) { request, _ in page.response(to: request) }
    }
    let chat = ChatRoom()
    router.webSocket(
        "/chat", protocols: [ChatRoom.subprotocol],
        configuration: .init(limits: Limits(maxMessageSize: 64 << 10), maxSendBuffer: ChatRoom.maxWaiting),
        events: { _ in ChatMember(chat) })
    router.webSocket(
        "/echo", origins: .any,
        configuration: .init(limits: Limits(maxMessageSize: maxEcho), maxSendBuffer: 2 * maxEcho),
        events: { _ in Echo() })
    return router
}
