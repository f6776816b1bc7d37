import Hummingbird
import WebSocketServer

let router = Router()
router.webSocket("/echo") { socket, _ in
    for try await message in socket.messages { try await socket.send(message) }
}
let port = Environment().get("PORT", as: Int.self) ?? 3000
let app = Application(
    router: router, server: .webSocket(), configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await app.runService()
