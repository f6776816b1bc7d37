import Hummingbird
import WebSocketServer

/// What `duplex serve` serves.
func routes(_ settings: Settings = .standard) -> Router<BasicRequestContext> {
    let router = Router(context: BasicRequestContext.self)
    for page in Page.all {
        router.get(RouterPath(page.path)) { request, _ in page.response(to: request) }
    }
    let chat = ChatRoom()
    router.webSocket(
        "/chat", protocols: [ChatRoom.subprotocol], origins: settings.origins(standard: .sameOrigin),
        configuration: settings.chat, events: { _ in ChatMember(chat) })
    router.webSocket(
        "/echo", origins: settings.origins(standard: .any), configuration: settings.echo, events: { _ in Echo() })
    return router
}
