import HTTPTypes
import Hummingbird
import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO
import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct WebSocketSubprotocolTests {
    /// What the accept step makes.
    struct Member: Sendable {
        var name: String
        var room: String
    }

    /// Says who it is at the beginning.
    private struct Greeter: WebSocketHandler {
        let text: String

        func opened(_ connection: WebSocketConnection) { connection.trySend(self.text) }
    }

    /// Two subprotocols, one read by a task and one served by calls; and, if wanted, connections without one.
    private func router(takesOthers: Bool) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        var subprotocols: [WebSocketSubprotocol<Member>] = [
            .reading("chat.v2", configuration: WebSocketConfiguration(limits: Limits(maxMessageSize: 10))) {
                socket, member in
                try await socket.send("2: \(member.name) in \(member.room)")
                for try await _ in socket.messages {}
            },
            .events("chat.v1") { _, member in Greeter(text: "1: \(member.name) in \(member.room)") },
        ]
        if takesOthers { subprotocols.append(.events(nil) { _, member in Greeter(text: "0: \(member.name)") }) }
        router.webSocket(
            "/rooms/:room",
            accept: { request, context in
                guard let name = request.cookies["name"]?.value else {
                    return .refuse(
                        Response(
                            status: .unauthorized,
                            headers: [.wwwAuthenticate: "Cookie", .contentType: "application/json"],
                            body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"error":"who?"}"#))))
                }
                guard request.uri.queryParameters["closed"] == nil else { return .refuse(.gone) }
                let room = try context.parameters.require("room")
                return .accept(Member(name: name, room: room), headers: [.setCookie: "seen=\(room)"])
            }, subprotocols: subprotocols)
        return router
    }

    private func dial(
        _ url: String, _ protocols: [String], cookie: String? = "name=ann"
    ) async throws -> WebSocketConnection {
        var options = DialOptions(protocols: protocols)
        if let cookie { options.fields[.cookie] = cookie }
        return try await WebSocketClient.connect(to: url, options: options)
    }

    /// Each has its own handler, with what the accept step made of path and cookie; the server's order decides.
    @Test(arguments: [
        (["chat.v1"], "chat.v1", "1"), (["chat.v2"], "chat.v2", "2"), (["chat.v1", "chat.v2"], "chat.v2", "2"),
    ])
    func eachHasItsHandler(asked: [String], agreed: String, number: String) async throws {
        try await TestServer.with(self.router(takesOthers: false)) { server in
            let socket = try await self.dial(server.url("/rooms/blue"), asked)
            #expect(socket.subprotocol == agreed)
            #expect(socket.handshake.response?.headerFields[.setCookie] == "seen=blue")
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("\(number): ann in blue"))
            try await socket.close()
        }
    }

    /// And its own configuration: the limit of v2 does not hold for v1.
    @Test func eachHasItsConfiguration() async throws {
        try await TestServer.with(self.router(takesOthers: false)) { server in
            let second = try await self.dial(server.url("/rooms/blue"), ["chat.v2"])
            try await second.send("more than ten bytes")
            #expect(await second.closed.code == 1009)
            let first = try await self.dial(server.url("/rooms/blue"), ["chat.v1"])
            try await first.send("more than ten bytes")
            try await first.ping()
            try await first.close()
            #expect(await first.closed.code == 1000)
        }
    }

    /// Who asks for none that is spoken is refused, or has a handler of its own.
    @Test(arguments: [[], ["chat.v3"]])
    func withoutOne(asked: [String]) async throws {
        try await TestServer.with(self.router(takesOthers: false)) { server in
            let error = await #expect(throws: DialError.self) {
                _ = try await self.dial(server.url("/rooms/blue"), asked)
            }
            #expect(error?.refusal?.response.status == .badRequest)
            let body = String(buffer: error?.refusal?.body ?? ByteBuffer())
            #expect(body == "one of these subprotocols has to be asked for: chat.v2, chat.v1\n")
        }
        try await TestServer.with(self.router(takesOthers: true)) { server in
            let socket = try await self.dial(server.url("/rooms/blue"), asked)
            #expect(socket.subprotocol == nil)
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("0: ann"))
            try await socket.close()
        }
    }

    /// A refusal is the accept step's, with status, fields and body.
    @Test func refusals() async throws {
        try await TestServer.with(self.router(takesOthers: false)) { server in
            let error = await #expect(throws: DialError.self) {
                _ = try await self.dial(server.url("/rooms/blue"), ["chat.v1"], cookie: nil)
            }
            let refusal = try #require(error?.refusal)
            #expect(refusal.response.status == .unauthorized)
            #expect(refusal.response.headerFields[.wwwAuthenticate] == "Cookie")
            #expect(refusal.response.headerFields[.contentType] == "application/json")
            #expect(String(buffer: refusal.body) == #"{"error":"who?"}"#)
            let gone = await #expect(throws: DialError.self) {
                _ = try await self.dial(server.url("/rooms/blue?closed"), ["chat.v1"])
            }
            #expect(gone?.refusal?.response.status == .gone)
            #expect(String(buffer: gone?.refusal?.body ?? ByteBuffer()) == "Gone\n")
        }
    }

    /// The peer is known in the accept step and in ordinary routes.
    @Test func peer() async throws {
        let router = Router(context: BasicRequestContext.self)
        @Sendable func describe() -> String {
            guard let peer = Peer.current else { return "nobody" }
            return "\(peer.address?.ipAddress ?? "-") \(peer.isSecure) \(peer.httpVersion) \(peer.connectionID.isEmpty)"
        }
        router.webSocket(
            "/", accept: { _, _ in .accept(describe()) },
            subprotocols: [.events(nil) { _, text in Greeter(text: text) }])
        router.get("/who") { _, _ in describe() }
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(to: server.url("/"))
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("127.0.0.1 false 1.1 false"))
            try await socket.close()
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.get("/who"))
                #expect(try await client.readAnswer().body == "127.0.0.1 false 1.1 false")
            }
        }
    }
}
