import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOSSL
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO
import WebSocketServer

/// This client and this server over HTTP/2, with TLS and without (RFC 8441).
@Suite(.timeLimit(.minutes(1)))
struct HTTP2EndToEndTests {
    /// How a client and a server find each other.
    enum Way: CaseIterable {
        case priorKnowledge
        case alpn

        var scheme: String { self == .alpn ? "wss" : "ws" }
    }

    private func with<T: Sendable>(
        _ way: Way, _ router: Router<BasicRequestContext> = echoRouter(),
        http2: WebSocketServerConfiguration.HTTP2Use = .everywhere,
        _ body: (_ url: String, TestServer) async throws -> T
    ) async throws -> T {
        let tls = try way == .alpn ? ServerTLS { try Certificates.serverConfiguration(Certificates.localhost) } : nil
        return try await TestServer.with(router, server: .webSocket(.init(http2: http2, tls: tls))) { server in
            try await body("\(way.scheme)://localhost:\(server.port)", server)
        }
    }

    private func options(
        _ version: DialOptions.HTTPVersion = .http2, protocols: [String] = [],
        configuration: WebSocketConfiguration = .init()
    ) throws -> DialOptions {
        var tls = DialOptions.defaultTLS
        tls.trustRoots = .certificates([try Certificates.parse(Certificates.localhost)])
        return DialOptions(protocols: protocols, tls: tls, httpVersion: version, configuration: configuration)
    }

    private func echo(_ socket: WebSocketConnection, _ text: String = "hello") async throws {
        try await socket.send(text)
        var messages = socket.messages.makeAsyncIterator()
        #expect(try await messages.next() == .text(text))
    }

    // MARK: One to a connection

    @Test(arguments: Way.allCases)
    func echo(_ way: Way) async throws {
        try await self.with(way) { url, _ in
            let socket = try await WebSocketClient.connect(to: "\(url)/echo", options: self.options())
            #expect(socket.request.method == .connect)
            #expect(socket.handshake.response?.status == .ok)
            try await self.echo(socket)
            try await self.echo(socket, String(repeating: "long ", count: 100_000))
            let closure = try await socket.close(code: CloseCode(rawValue: 4000), reason: "enough")
            #expect(closure == Closure(code: CloseCode(rawValue: 4000), reason: "enough", wasClean: true))
        }
    }

    /// The server chooses by ALPN; without TLS there is none to choose by.
    @Test(arguments: [
        (Way.alpn, WebSocketServerConfiguration.HTTP2Use.overTLS, HTTPRequest.Method.connect), (.alpn, .off, .get),
        (.priorKnowledge, .everywhere, .get),
    ])
    func automatic(
        _ way: Way, _ http2: WebSocketServerConfiguration.HTTP2Use, _ method: HTTPRequest.Method
    ) async throws {
        try await self.with(way, http2: http2) { url, _ in
            let socket = try await WebSocketClient.connect(to: "\(url)/echo", options: self.options(.automatic))
            #expect(socket.request.method == method)
            try await self.echo(socket)
            try await socket.close()
        }
    }

    @Test(arguments: Way.allCases)
    func serverWithoutHTTP2(_ way: Way) async throws {
        try await self.with(way, http2: .off) { url, _ in
            let options = try self.options()
            let error = await #expect(throws: DialError.self) {
                try await WebSocketClient.connect(to: "\(url)/echo", options: options)
            }
            if way == .alpn {
                #expect(error?.needsHTTP1 == true)
                #expect(error.map { "\($0)" } == "the server does not speak HTTP/2")
            }
        }
    }

    /// What the route sees: a GET, who asks, and that it came over HTTP/2.
    @Test(arguments: Way.allCases)
    func request(_ way: Way) async throws {
        let requests = Mailbox<(HTTPRequest, String?, Bool?)>()
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/chat/:room",
            accept: { request, context in
                requests.post((request.head, Peer.current?.httpVersion, Peer.current?.isSecure))
                return .accept(
                    (), headers: [.setCookie: "a=\(try context.parameters.require("room"))", .contentLength: "7"])
            }, events: { _ in Echo() })
        try await self.with(way, router) { url, _ in
            var options = try self.options()
            options.fields[.origin] = "\(way == .alpn ? "https" : "http")://\(url.drop { $0 != "/" }.dropFirst(2))"
            let socket = try await WebSocketClient.connect(to: "\(url)/chat/7?x=1", options: options)
            #expect(socket.handshake.response?.headerFields[.setCookie] == "a=7")
            let (request, version, isSecure) = try #require(await requests.next())
            #expect(request.method == .get)
            #expect(request.path == "/chat/7?x=1")
            #expect(request.scheme == (way == .alpn ? "https" : "http"))
            #expect(version == "2")
            #expect(isSecure == (way == .alpn))
            try await socket.close()
        }
    }

    @Test(arguments: Way.allCases)
    func subprotocolAndCompression(_ way: Way) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/chat", protocols: ["v2", "v1"], origins: .any, configuration: .init(compression: DeflateConfiguration()),
            events: { _ in Echo() })
        try await self.with(way, router) { url, _ in
            let socket = try await WebSocketClient.connect(
                to: "\(url)/chat",
                options: self.options(
                    protocols: ["v1", "v2"], configuration: .init(compression: DeflateConfiguration())))
            #expect(socket.subprotocol == "v2")
            #expect(socket.extensions.map(\.name) == ["permessage-deflate"])
            for _ in 0..<3 { try await self.echo(socket, String(repeating: "compressible ", count: 50_000)) }
            try await socket.close()
        }
    }

    @Test(arguments: Way.allCases)
    func refusal(_ way: Way) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/private", accept: { _, _ in .refuse(.unauthorized, "who are you?") }, events: { _ in Echo() })
        try await self.with(way, router) { url, _ in
            let options = try self.options()
            let unauthorized = await #expect(throws: DialError.self) {
                try await WebSocketClient.connect(to: "\(url)/private", options: options)
            }
            #expect(unauthorized?.refusal?.response.status == .unauthorized)
            #expect(unauthorized?.refusal.map { String(buffer: $0.body) } == "who are you?\n")
            let missing = await #expect(throws: DialError.self) {
                try await WebSocketClient.connect(to: "\(url)/nothing", options: options)
            }
            #expect(missing?.refusal?.response.status == .notFound)
        }
    }

    @Test(arguments: Way.allCases)
    func closedByTheServer(_ way: Way) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/bye") { socket, _ in try socket.startClosing(code: CloseCode(rawValue: 4001), reason: "bye")
        }
        try await self.with(way, router) { url, _ in
            let socket = try await WebSocketClient.connect(to: "\(url)/bye", options: self.options())
            let closure = await socket.closed
            #expect(closure == Closure(code: CloseCode(rawValue: 4001), reason: "bye", wasClean: true))
        }
    }

    /// A client that cuts the connection is gone for the server.
    @Test(arguments: Way.allCases)
    func abort(_ way: Way) async throws {
        let closures = Mailbox<Closure>()
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/echo",
            events: { socket in
                socket.whenClosed { closures.post($0) }
                return Echo()
            })
        try await self.with(way, router) { url, _ in
            let socket = try await WebSocketClient.connect(to: "\(url)/echo", options: self.options())
            socket.abort()
            #expect(await socket.closed.code == .abnormalClosure)
            #expect(await closures.next()?.code == .abnormalClosure)
        }
    }

    // MARK: Many on one connection

    @Test(arguments: Way.allCases)
    func manyOnOneConnection(_ way: Way) async throws {
        try await self.with(way) { url, _ in
            let server = try await WebSocketHTTP2Connection.connect(to: url, options: self.options())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let socket = try await server.webSocket(number.isMultiple(of: 2) ? "/echo" : "/read")
                        for round in 0..<5 { try await self.echo(socket, "\(number) \(round)") }
                        #expect(try await socket.close().wasClean)
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.isActive)
            await server.close()
            #expect(!server.isActive)
        }
    }

    /// A refusal, another address, and what is different for each.
    @Test func eachForItself() async throws {
        let router = echoRouter()
        router.webSocket("/chat", protocols: ["v1"], origins: .any, events: { _ in Echo() })
        try await self.with(.priorKnowledge, router) { url, _ in
            let server = try await WebSocketHTTP2Connection.connect(to: "\(url)/echo", options: self.options())
            let chat = try await server.webSocket("/chat", protocols: ["v1"])
            #expect(chat.subprotocol == "v1")
            let missing = await #expect(throws: DialError.self) { try await server.webSocket("/nothing") }
            #expect(missing?.refusal?.response.status == .notFound)
            #expect(missing?.url?.path == "/nothing")
            let elsewhere = await #expect(throws: DialError.self) { try await server.webSocket("ws://other.example/") }
            #expect(elsewhere.map { "\($0)" }?.contains("this connection leads to") == true)
            try await self.echo(chat)
            try await self.echo(try await server.webSocket())
            await server.close()
            #expect(await chat.closed == Closure(code: .goingAway, reason: "", wasClean: true))
            let late = await #expect(throws: DialError.self) { try await server.webSocket("/echo") }
            #expect(late.map { "\($0)" }?.contains("takes no more WebSockets") == true)
        }
    }

    /// The server shuts down: every WebSocket hears 1001, and then the connection ends.
    @Test(arguments: Way.allCases)
    func serverShutsDown(_ way: Way) async throws {
        try await self.with(way) { url, testServer in
            let server = try await WebSocketHTTP2Connection.connect(to: url, options: self.options())
            var sockets: [WebSocketConnection] = []
            for _ in 0..<20 { sockets.append(try await server.webSocket("/echo")) }
            await testServer.shutDown()
            for socket in sockets { #expect(await socket.closed.code == .goingAway) }
            await server.close()
        }
    }

    /// Who does not read is held up by its own window, in both directions.
    @Test func slowReaderHoldsUpItself() async throws {
        let router = echoRouter()
        router.webSocket("/source") { socket, _ in
            for _ in 0..<64 { try await socket.send(ByteBuffer(repeating: 7, count: 64 << 10)) }
        }
        try await self.with(.alpn, router) { url, _ in
            let server = try await WebSocketHTTP2Connection.connect(to: url, options: self.options())
            let slow = try await server.webSocket("/source", configuration: .init(receiveBuffer: 1024))
            let other = try await server.webSocket("/echo")
            for round in 0..<100 { try await self.echo(other, "\(round)") }
            var count = 0
            for try await message in slow.messages {
                if case .binary(let bytes) = message { count += bytes.readableBytes }
            }
            #expect(count == 64 * 64 << 10)
            await server.close()
        }
    }

    /// Large messages both ways at once: windows open, and nothing waits for ever.
    @Test(arguments: Way.allCases)
    func largeMessages(_ way: Way) async throws {
        try await self.with(way) { url, _ in
            let server = try await WebSocketHTTP2Connection.connect(to: url, options: self.options())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        let socket = try await server.webSocket("/read")
                        let message = ByteBuffer(repeating: UInt8(number), count: 3 << 20)
                        async let sending: Void = {
                            for _ in 0..<3 { try await socket.send(message) }
                        }()
                        var messages = socket.messages.makeAsyncIterator()
                        for _ in 0..<3 { #expect(try await messages.next() == .binary(message)) }
                        try await sending
                        try await socket.close()
                    }
                }
                try await group.waitForAll()
            }
            await server.close()
        }
    }
}
