import Hummingbird
import WebSocketServer

/// A chat with one room and two subprotocols: `chat.v1` speaks lines of text, `chat.v2` JSON. Both talk to each other.
@main
struct ChatExample {
    /// The longest message in bytes: 4 KiB. More is closed with 1009.
    static let maxMessage = 4 << 10
    /// What may wait for a member in bytes: 256 KiB. One that is further behind is closed with 1013, and comes back.
    static let maxWaiting = 256 << 10

    static func main() async throws {
        let room = Room()
        let router = Router()
        router.webSocket(
            "/chat",
            configuration: WebSocketConfiguration(
                limits: Limits(maxMessageSize: ChatExample.maxMessage), maxSendBuffer: ChatExample.maxWaiting,
                slowConsumers: .disconnect(.tryAgainLater), keepalive: .init()),
            accept: { request, _ in
                // Refused here, it is an ordinary answer of HTTP. What is accepted goes to the subprotocol's handler.
                guard
                    let name = request.uri.queryParameters["name"].map(String.init) ?? request.cookies["name"]?.value
                else {
                    return .refuse(.unauthorized, "say who you are: /chat?name=NAME, or a cookie with that name")
                }
                guard let name = Name(name) else {
                    return .refuse(.badRequest, "a name has 1 to \(Name.maxCount) letters and digits")
                }
                return .accept(name)
            },
            // The best first. A client that asks for neither is refused with 400.
            subprotocols: [
                .reading("chat.v2") { socket, name in try await Room.serveJSON(socket, name, in: room) },
                .events("chat.v1") { _, name in LineMember(name, in: room) },
            ])
        let port = Environment().get("PORT", as: Int.self) ?? 3000
        let app = WebSocketApplication(router: router, addresses: [.hostname("127.0.0.1", port: port)])
        try await app.runService()
    }
}

/// What a member is called.
struct Name: Sendable {
    /// How many letters and digits it may have.
    static let maxCount = 20

    let text: String

    /// Nil when the text is no name.
    init?(_ text: String) {
        guard 1...Name.maxCount ~= text.count, text.allSatisfy({ $0.isLetter || $0.isNumber }) else { return nil }
        self.text = text
    }
}
