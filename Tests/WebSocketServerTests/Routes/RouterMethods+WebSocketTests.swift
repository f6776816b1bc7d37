import HTTPTypes
import Hummingbird
import NIOCore
import NIOSSL
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO
import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct RouterMethodsWebSocketTests {
    private func makeRouter() -> Router<BasicRequestContext> { Router(context: BasicRequestContext.self) }

    /// The refusal that the client got; nil when it was connected or failed otherwise.
    private func refusal(_ url: String, _ options: DialOptions = DialOptions()) async -> DialError.Refusal? {
        do {
            let socket = try await WebSocketClient.connect(to: url, options: options)
            socket.abort()
            return nil
        } catch {
            return (error as? DialError)?.refusal
        }
    }

    /// The scheme of a page has to be the server's, where that is known: by its own TLS, or from a trusted proxy.
    @Test(
        arguments: [
            (false, nil, "http", true), (false, nil, "https", true), (true, nil, "https", true),
            (true, nil, "http", false),
            (false, "https", "https", true), (false, "https", "http", false), (false, "ws", "https", false),
            (true, "http", "http", true), (true, "http", "https", false),
        ] as [(Bool, String?, String, Bool)])
    func schemeOfTheOrigin(isSecure: Bool, forwarded: String?, origin: String, isAllowed: Bool) async throws {
        let router = self.makeRouter()
        router.webSocket("/same", events: { _ in Echo() })
        let tls = try isSecure ? ServerTLS { try Certificates.serverConfiguration(Certificates.localhost) } : nil
        let configuration = WebSocketServerConfiguration(tls: tls, trustedProxies: AddressRange.loopback)
        try await TestServer.with(router, server: .webSocket(configuration)) { server in
            var fields: HTTPFields = [.origin: "\(origin)://localhost:\(server.port)"]
            if let forwarded { fields[HTTPField.Name("X-Forwarded-Proto")!] = forwarded }
            var options = DialOptions(fields: fields)
            options.tls.trustRoots = .certificates([try Certificates.parse(Certificates.localhost)])
            let url = "\(isSecure ? "wss" : "ws")://localhost:\(server.port)/same"
            let refusal = await self.refusal(url, options)
            #expect(refusal?.response.status == (isAllowed ? nil : .forbidden))
        }
    }

    // MARK: The two forms

    @Test(arguments: ["/read", "/echo"])
    func echo(path: String) async throws {
        try await TestServer.with(echoRouter()) { server in
            let socket = try await WebSocketClient.connect(to: server.url(path))
            var messages = socket.messages.makeAsyncIterator()
            let sent: [WebSocketMessage] = [
                .text("hello"), .text(""), .text("grüße \u{1F44B}"), .binary(ByteBuffer(bytes: [0, 1, 2, 255])),
                .binary(ByteBuffer()), .text(String(repeating: "a", count: 126)),
                .binary(ByteBuffer(repeating: 7, count: 1 << 20)),
            ]
            for message in sent {
                try await socket.send(message)
                #expect(try await messages.next() == message)
            }
            let closure = try await socket.close(code: 3000, reason: "done")
            #expect(closure == Closure(code: 3000, reason: "done", wasClean: true))
        }
    }

    @Test func handlerSeesTheRequest() async throws {
        let router = self.makeRouter()
        let seen = Mailbox<HTTPRequest>()
        router.webSocket("/rooms/:room") { _, request in seen.post(request) }
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(
                to: server.url("/rooms/a%20b?x=1"), options: DialOptions(fields: [.cookie: "k=v"]))
            let request = try #require(await seen.next())
            #expect(request.method == .get)
            #expect(request.path == "/rooms/a%20b?x=1")
            #expect(request.authority == "127.0.0.1:\(server.port)")
            #expect(request.headerFields[.cookie] == "k=v")
            _ = await socket.closed
        }
    }

    @Test func eventsKnowTheConnection() async throws {
        let router = self.makeRouter()
        let seen = Mailbox<(String?, Role, ReadyState)>()
        router.webSocket(
            "/events", protocols: ["a"],
            events: { socket in
                seen.post((socket.subprotocol, socket.role, socket.readyState))
                return Echo()
            })
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(
                to: server.url("/events"), options: DialOptions(protocols: ["a"]))
            let (subprotocol, role, state) = try #require(await seen.next())
            #expect(subprotocol == "a")
            #expect(role == .server)
            #expect(state == .open)
            try await socket.close()
        }
    }

    // MARK: How the reading form ends

    @Test func returningClosesNormally() async throws {
        let router = self.makeRouter()
        router.webSocket("/") { socket, _ in try await socket.send("bye") }
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(to: server.url("/"))
            var received: [WebSocketMessage] = []
            for try await message in socket.messages { received.append(message) }
            #expect(received == [.text("bye")])
            #expect(await socket.closed == Closure(code: 1000, wasClean: true))
        }
    }

    private struct SomeError: Error {}

    @Test func throwingClosesWithAnInternalError() async throws {
        let router = self.makeRouter()
        router.webSocket("/") { _, _ in throw SomeError() }
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(to: server.url("/"))
            #expect(await socket.closed == Closure(code: 1011, wasClean: true))
        }
    }

    /// The reader is told when the client is lost.
    @Test func lostClient() async throws {
        let router = self.makeRouter()
        let ended = Mailbox<Result<Void, any Error>>()
        router.webSocket("/") { socket, _ in
            do {
                for try await _ in socket.messages {}
                ended.post(.success(()))
            } catch {
                ended.post(.failure(error))
                throw error
            }
        }
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(to: server.url("/"))
            socket.abort()
            let result = try #require(await ended.next())
            #expect(throws: WebSocketError(.closed(.abnormal))) { try result.get() }
        }
    }

    // MARK: Subprotocols

    @Test(
        arguments: [
            (["chat.v2", "chat.v1"], "chat.v2"), (["chat.v1", "chat.v2"], "chat.v2"), (["chat.v1"], "chat.v1"),
            (["other", "chat.v1"], "chat.v1"), (["other"], nil), (["CHAT.V1"], nil), ([], nil),
        ] as [([String], String?)])
    func subprotocol(asked: [String], expected: String?) async throws {
        let router = self.makeRouter()
        let seen = Mailbox<String?>()
        router.webSocket("/", protocols: ["chat.v2", "chat.v1"]) { socket, _ in seen.post(socket.subprotocol) }
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(
                to: server.url("/"), options: DialOptions(protocols: asked))
            #expect(socket.subprotocol == expected)
            #expect(await seen.next() == .some(expected))
            _ = await socket.closed
        }
    }

    // MARK: Acceptance

    @Test func acceptAddsFields() async throws {
        let router = self.makeRouter()
        router.webSocket(
            "/rooms/:room",
            accept: { _, context in
                var fields: HTTPFields = [.setCookie: "seen=yes", .upgrade: "tea", .secWebSocketAccept: "no"]
                fields.append(HTTPField(name: .setCookie, value: "again=yes"))
                fields[HTTPField.Name("X-Room")!] = context.parameters.get("room")
                return .accept((), headers: fields)
            }, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/rooms/blue"))
                let head = try await client.readHead()
                #expect(head.hasPrefix("HTTP/1.1 101 "))
                #expect(head.contains("\r\nSet-Cookie: seen=yes\r\n"))
                #expect(head.contains("\r\nSet-Cookie: again=yes\r\n"))
                // The handshake's own fields stay as they are.
                #expect(!head.contains("tea") && !head.contains("Sec-WebSocket-Accept: no"))
                #expect(head.contains("\r\nX-Room: blue\r\n"))
            }
        }
    }

    @Test(arguments: [(HTTPResponse.Status.unauthorized, "who are you?"), (.forbidden, "not you")])
    func acceptRefuses(status: HTTPResponse.Status, reason: String) async throws {
        let router = self.makeRouter()
        router.webSocket(
            "/", accept: { _, _ in throw HTTPError(status, message: reason) }, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            let refusal = try #require(await self.refusal(server.url("/")))
            #expect(refusal.response.status == status)
            #expect(String(buffer: refusal.body).contains(reason))
            // And on the wire: an answer with its length, behind which the connection ends.
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/"))
                let answer = try await client.readLastAnswer()
                #expect(answer.status == status.code)
                #expect(answer.values("Connection") == ["close"])
                #expect(answer.body.contains(reason))
            }
        }
    }

    @Test func acceptFails() async throws {
        let router = self.makeRouter()
        router.webSocket("/", accept: { _, _ in throw SomeError() }, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            let refusal = try #require(await self.refusal(server.url("/")))
            #expect(refusal.response.status == .internalServerError)
        }
    }

    @Test func acceptMaySuspend() async throws {
        let router = self.makeRouter()
        let asked = Mailbox<Void>()
        let granted = Mailbox<Void>()
        router.webSocket(
            "/",
            accept: { _, _ in
                asked.post(())
                _ = await granted.next()
                return .accept(())
            }, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/"))
                _ = await asked.next()
                try await client.send(Frame.masked("early"))
                granted.post(())
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                #expect(try await client.read(7) == Frame.text("early"))
            }
        }
    }

    // MARK: Origins

    @Test func origins() async throws {
        let router = self.makeRouter()
        router.webSocket("/same", events: { _ in Echo() })
        router.webSocket("/list", origins: .list(["https://a.example"]), events: { _ in Echo() })
        router.webSocket("/any", origins: .any, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            let own = "http://127.0.0.1:\(server.port)"
            let cases: [(String, String?, Bool)] = [
                ("/same", nil, true), ("/same", own, true), ("/same", "https://a.example", false),
                ("/list", nil, true), ("/list", own, false), ("/list", "https://a.example", true),
                ("/any", nil, true), ("/any", own, true), ("/any", "https://b.example", true),
            ]
            for (path, origin, isAllowed) in cases {
                let fields: HTTPFields = origin.map { [.origin: $0] } ?? [:]
                let refusal = await self.refusal(server.url(path), DialOptions(fields: fields))
                #expect(refusal?.response.status == (isAllowed ? nil : .forbidden), "\(path) \(origin ?? "-")")
                if let refusal {
                    #expect(String(buffer: refusal.body) == "pages of \(origin ?? "") may not connect\n")
                }
            }
        }
    }

    // MARK: Beside other routes

    private struct Gate: RouterMiddleware {
        typealias Context = BasicRequestContext
        let seen: Mailbox<String>

        func handle(
            _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
        ) async throws -> Response {
            self.seen.post("\(request.method) \(request.uri.path)")
            if request.headers[.authorization] == nil { throw HTTPError(.unauthorized, message: "a name, please") }
            var response = try await next(request, context)
            response.headers[HTTPField.Name("X-Gate")!] = "\(response.status.code)"
            return response
        }
    }

    @Test func middleware() async throws {
        let router = self.makeRouter()
        let seen = Mailbox<String>()
        router.add(middleware: Gate(seen: seen))
        router.webSocket("/echo", events: { _ in Echo() })
        try await TestServer.with(router) { server in
            let refusal = try #require(await self.refusal(server.url("/echo")))
            #expect(refusal.response.status == .unauthorized)
            #expect(await seen.next() == "GET /echo")
            // It sees the answer, too, and its fields are sent.
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/echo", "Authorization: me"))
                let head = try await client.readHead()
                #expect(head.hasPrefix("HTTP/1.1 101 "))
                #expect(head.contains("\r\nX-Gate: 101\r\n"))
            }
            #expect(await seen.next() == "GET /echo")
        }
    }

    @Test func groups() async throws {
        let router = self.makeRouter()
        router.group("/v1").webSocket("/echo", origins: .any, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            let socket = try await WebSocketClient.connect(to: server.url("/v1/echo"))
            try await socket.close()
            #expect(await self.refusal(server.url("/echo"))?.response.status == .notFound)
        }
    }

    /// An ordinary request at a WebSocket's address is told what is spoken there, and its connection goes on.
    @Test func ordinaryRequest() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.get("/echo"))
                let answer = try await client.readAnswer()
                #expect(answer.status == 426)
                #expect(answer.values("Upgrade") == ["websocket"])
                #expect(answer.values("Connection") == ["Upgrade"])
                #expect(answer.body.hasPrefix("this address speaks WebSocket"))
                try await client.send(Handshake.get("/page"))
                #expect(try await client.readAnswer().body == "a page")
            }
        }
    }
}
