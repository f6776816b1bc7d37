import Hummingbird
import Realtime
import WebSocketServer

/// What `duplex serve` serves.
///
/// - Parameters:
///   - settings: How.
///   - hub: The rooms; somebody has to run it.
func routes(_ settings: Settings = .standard, hub: RealtimeHub = Rooms.makeHub()) -> Router<ServeContext> {
    let router = Router(context: ServeContext.self)
    for page in Page.all {
        router.get(RouterPath(page.path)) { request, _ in page.response(to: request) }
        router.head(RouterPath(page.path)) { request, _ in page.response(to: request).createHeadResponse() }
    }
    let scenes = settings.scenes
    router.get("/scenes.json") { _, _ in Scenes.about(isOn: scenes) }
    router.get("/locations/map.json") { _, _ in Scenes.map() }
    let chat = ChatRoom()
    router.webSocket(
        "/chat", protocols: [ChatRoom.subprotocol], origins: settings.origins(standard: .sameOrigin),
        configuration: settings.chat, events: { _ in ChatMember(chat) })
    router.webSocket(
        "/echo", origins: settings.origins(standard: .any), configuration: settings.echo, events: { _ in Echo() })
    let origins = settings.origins(standard: .sameOrigin)
    let meter = WayMeter(serverName: Serving.name, now: SystemTime.instant)
    router.wayCounters(meter)
    router.group().add(middleware: WayMeterMiddleware(meter: meter)).rooms(hub, origins: origins) { request, _ in
        Rooms.identify(request)
    }
    router.group().add(middleware: WayMeterMiddleware(meter: meter, isSocket: true))
        .roomsSocket(hub, origins: origins, configuration: settings.rooms) { request, _ in Rooms.identify(request) }
    return router
}
