import Hummingbird
import Realtime
import WebSocketServer

/// Notices that some write and all read: one log, read by WebSocket, streaming, long polling and polling (docs/protocol.md).
@main
struct RoomsExample {
    static func main() async throws {
        // (1) Who may do what, asked each time.
        let hub = RealtimeHub(
            configuration: HubConfiguration(permissions: { identity, action, room in
                guard action == .publish, room.text == "notices" else { return .allowed }
                return identity.claims as? Role == .editor ? .allowed : .forbidden("only editors write notices")
            }))
        let router = Router()
        // (2) The four ways to read, and publishing over HTTP, at /rooms/…; the WebSocket at /rooms.
        router.rooms(hub, identify: { request, _ in identify(request) })
        router.roomsSocket(hub, identify: { request, _ in identify(request) })
        // (3) The application itself publishes; nobody has to be asked.
        router.post("/deploys/:version") { _, context in
            let version = try context.parameters.require("version", as: Int.self)
            let position = try await hub.publish(
                Array(#"{"deployed":\#(version)}"#.utf8), in: RoomName("notices"), key: MessageKey("deploy"))
            return "\(position)\n"
        }

        let port = Environment().get("PORT", as: Int.self) ?? 3000
        var app = Application(
            router: router, server: .webSocket(), configuration: .init(address: .hostname("127.0.0.1", port: port)))
        // (4) It lets grow old what is too old, and says goodbye to readers at a shutdown.
        app.addServices(hub)
        try await app.runService()
    }

    /// What somebody may do.
    enum Role { case reader, editor }

    /// (5) Who asks: here whoever says so in a cookie, `user=ann` or `user=editor-bob`. The way in of your application belongs here.
    static func identify(_ request: Request) -> IdentityDecision {
        guard let user = request.cookies["user"]?.value, let member = try? MemberID(user) else {
            return .refused(.unauthorized, "log in first")
        }
        return .known(Identity(member: member, claims: user.hasPrefix("editor-") ? Role.editor : Role.reader))
    }
}
