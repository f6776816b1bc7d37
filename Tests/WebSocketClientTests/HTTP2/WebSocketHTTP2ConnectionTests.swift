import HTTPTypes
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOSSL
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

/// WebSockets over HTTP/2 against servers of all kinds (RFC 8441).
@Suite(.timeLimit(.minutes(1)))
struct WebSocketHTTP2ConnectionTests {
    private static let ok = HPACKHeaders([(":status", "200")])

    private func url(_ server: RawHTTP2Server) -> String { "ws://127.0.0.1:\(server.port)" }

    /// Opens a WebSocket, and lets the closure answer.
    private func open(
        _ connection: WebSocketHTTP2Connection, on server: RawHTTP2Server, _ path: String = "/",
        protocols: [String] = [], answering answer: (RawHTTP2Stream) async throws -> Void
    ) async throws -> WebSocketConnection {
        async let socket = connection.webSocket(path, protocols: protocols)
        let stream = try #require(await server.streams.next())
        _ = try await stream.headers()
        try await answer(stream)
        return try await socket
    }

    private func refused(
        _ connection: WebSocketHTTP2Connection, on server: RawHTTP2Server,
        _ answer: (RawHTTP2Stream) async throws -> Void
    ) async -> DialError? {
        await #expect(throws: DialError.self) { try await self.open(connection, on: server, answering: answer) }
    }

    // MARK: The connection

    @Test func request() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(
                to: self.url(server), options: DialOptions(fields: [.origin: "http://a.example"], cookies: [("a", "1")])
            )
            async let socket = connection.webSocket("/chat?x=1", protocols: ["v2", "v1"], fields: [.userAgent: "test"])
            let stream = try #require(await server.streams.next())
            let headers = try await stream.headers()
            let pseudo = headers.prefix(5).map { "\($0.name)=\($0.value)" }
            #expect(
                Set(pseudo) == [
                    ":method=CONNECT", ":protocol=websocket", ":scheme=http", ":path=/chat?x=1",
                    ":authority=127.0.0.1:\(server.port)",
                ])
            #expect(headers["sec-websocket-version"] == ["13"])
            #expect(headers["sec-websocket-protocol"] == ["v2, v1"])
            #expect(headers["origin"] == ["http://a.example"])
            #expect(headers["cookie"] == ["a=1"])
            #expect(headers["user-agent"] == ["test"])
            for name in ["sec-websocket-key", "upgrade", "connection", "host"] {
                #expect(headers[name] == [], "\(name)")
            }
            try await stream.send(HPACKHeaders([(":status", "200"), ("sec-websocket-protocol", "v1")]))
            #expect(try await socket.subprotocol == "v1")
        }
    }

    @Test(arguments: [[], [HTTP2Setting(parameter: .enableConnectProtocol, value: 0)]])
    func serverWithoutWebSockets(_ settings: HTTP2Settings) async throws {
        try await RawHTTP2Server.with(settings: settings) { server in
            let url = self.url(server)
            let error = await #expect(throws: DialError.self) { try await WebSocketHTTP2Connection.connect(to: url) }
            #expect(error?.needsHTTP1 == true)
            #expect(error.map { "\($0)" }?.contains("has no WebSockets over it") == true)
            let single = await #expect(throws: DialError.self) {
                try await WebSocketClient.connect(to: url, options: DialOptions(httpVersion: .http2))
            }
            #expect(single?.needsHTTP1 == true)
            let connection = try #require(await server.connections.next())
            try await connection.waitForEnd()
        }
    }

    /// A server that chooses HTTP/2, and has no WebSockets over it, is asked again over HTTP/1.1.
    @Test func fallsBack() async throws {
        var configuration = try Certificates.serverConfiguration(Certificates.localhost)
        configuration.applicationProtocols = ["h2", "http/1.1"]
        try await RawHTTP2Server.with(settings: [], tls: try NIOSSLContext(configuration: configuration)) { server in
            var tls = DialOptions.defaultTLS
            tls.trustRoots = .certificates([try Certificates.parse(Certificates.localhost)])
            let options = DialOptions(tls: tls, httpVersion: .automatic)
            let task = Task {
                try await WebSocketClient.connect(to: "wss://localhost:\(server.port)", options: options)
            }
            #expect(await server.connections.next()?.version == "h2")
            let second = try #require(await server.connections.next())
            #expect(second.version == "none")
            second.close()
            await #expect(throws: DialError.self) { try await task.value }
        }
    }

    @Test func serverOfHTTP1() async throws {
        try await RawServer.with { connection in
            try await connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            _ = try? await connection.readToEnd()
        } _: { server in
            let url = "ws://127.0.0.1:\(server.port)"
            let error = await #expect(throws: DialError.self) { try await WebSocketHTTP2Connection.connect(to: url) }
            #expect(error.map { "\($0)" }?.hasPrefix("HTTP/2 failed: ") == true)
        }
    }

    @Test func silentServer() async throws {
        try await RawServer.with { connection in
            _ = try? await connection.readToEnd()
        } _: { server in
            let url = "ws://127.0.0.1:\(server.port)"
            let error = await #expect(throws: DialError.self) {
                try await WebSocketHTTP2Connection.connect(
                    to: url, options: DialOptions(handshakeTimeout: .milliseconds(20)))
            }
            #expect(error?.isTimeout == true)
        }
    }

    // MARK: Answers

    /// Everything may come in one read: the answer, messages, and the end.
    @Test func answerAndMessagesAtOnce() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            let bytes = ByteBuffer(bytes: Frame.text("a") + Frame.text("b") + Frame.close(1000))
            let socket = try await self.open(connection, on: server) { stream in
                try await stream.send(together: [
                    .headers(.init(headers: WebSocketHTTP2ConnectionTests.ok)),
                    .data(.init(data: .byteBuffer(bytes), endStream: true)),
                ])
            }
            var messages: [WebSocketMessage] = []
            for try await message in socket.messages { messages.append(message) }
            #expect(messages == [.text("a"), .text("b")])
            #expect(await socket.closed == Closure(code: .normalClosure, reason: "", wasClean: true))
        }
    }

    /// What a handler sends as soon as it is made goes out as bytes.
    @Test func handlerSendsAtOnce() async throws {
        struct Greeter: WebSocketHandler {
            func opened(_ connection: WebSocketConnection) { connection.trySend("hello") }
            func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {}
        }
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            async let socket = connection.webSocket(events: { _ in Greeter() })
            let stream = try #require(await server.streams.next())
            _ = try await stream.headers()
            try await stream.send(WebSocketHTTP2ConnectionTests.ok)
            #expect(try await stream.bytes(11).prefix(2) == [0x81, 0x85])
            _ = try await socket
        }
    }

    /// 200 with the end of the server's side is no WebSocket for long.
    @Test func answerThatEndsTheStream() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            let socket = try await self.open(connection, on: server) { stream in
                try await stream.send(WebSocketHTTP2ConnectionTests.ok, endStream: true)
            }
            #expect(await socket.closed.code == .abnormalClosure)
            #expect(connection.isActive)
        }
    }

    @Test func informationalAnswerFirst() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            _ = try await self.open(connection, on: server) { stream in
                try await stream.send(HPACKHeaders([(":status", "103"), ("link", "</style.css>")]))
                try await stream.send(WebSocketHTTP2ConnectionTests.ok)
            }
        }
    }

    /// Whatever is wrong with one answer, the stream is reset and the connection goes on.
    @Test func badAnswers() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            let streams = Mailbox<RawHTTP2Stream>()
            let unasked = await self.refused(connection, on: server) { stream in
                try await stream.send(HPACKHeaders([(":status", "200"), ("sec-websocket-protocol", "v9")]))
                streams.post(stream)
            }
            #expect(unasked?.handshakeError?.code == .subprotocolNotRequested("v9"))
            #expect(await streams.next()?.end() == .cancel)
            let other = await self.refused(connection, on: server) { stream in
                try await stream.send(HPACKHeaders([(":status", "204")]), endStream: true)
            }
            #expect(other?.refusal?.response.status == .noContent)
            let refused = await self.refused(connection, on: server) { try await $0.send(.rstStream(.refusedStream)) }
            #expect(refused.map { "\($0)" }?.contains("the server reset the stream: ") == true)
            _ = try await self.open(connection, on: server) { try await $0.send(WebSocketHTTP2ConnectionTests.ok) }
        }
    }

    @Test func noAnswer() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(
                to: self.url(server), options: DialOptions(handshakeTimeout: .milliseconds(50)))
            let error = await #expect(throws: DialError.self) { try await connection.webSocket() }
            #expect(error?.isTimeout == true)
            #expect(await server.streams.next()?.end() == .cancel)
            #expect(connection.isActive)
        }
    }

    @Test func cancelled() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            let task = Task { try await connection.webSocket() }
            let stream = try #require(await server.streams.next())
            _ = try await stream.headers()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(await stream.end() == .cancel)
            #expect(connection.isActive)
        }
    }

    // MARK: How many, and how long

    @Test func tooManyStreams() async throws {
        let settings = [
            HTTP2Setting(parameter: .enableConnectProtocol, value: 1),
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 1),
        ]
        try await RawHTTP2Server.with(settings: settings) { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            let socket = try await self.open(connection, on: server) {
                try await $0.send(WebSocketHTTP2ConnectionTests.ok)
            }
            let error = await #expect(throws: DialError.self) { try await connection.webSocket() }
            #expect(error?.maxStreams == 1)
            #expect(error.map { "\($0)" } == "the server allows 1 streams on one connection, and all are open")
            socket.abort()
            _ = await socket.closed
            // The stream's place is free when its channel is closed, a turn of the event loop later.
            try await socket.eventLoop.submit {}.get()
            try await socket.eventLoop.submit {}.get()
            _ = try await self.open(connection, on: server) { try await $0.send(WebSocketHTTP2ConnectionTests.ok) }
        }
    }

    /// After the server's goodbye, what is open goes on, nothing more is opened, and the connection ends with the last.
    @Test func goodbye() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            let client = try #require(await server.connections.next())
            let streams = Mailbox<RawHTTP2Stream>()
            let socket = try await self.open(connection, on: server) {
                try await $0.send(WebSocketHTTP2ConnectionTests.ok)
                streams.post($0)
            }
            try await client.goAway()
            let stream = try #require(await streams.next())
            try await stream.send(Frame.text("after"))
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("after"))
            let error = await #expect(throws: DialError.self) { try await connection.webSocket() }
            #expect(error.map { "\($0)" }?.contains("the server said goodbye") == true)
            try await stream.send(
                .data(.init(data: .byteBuffer(ByteBuffer(bytes: Frame.close(1000))), endStream: true)))
            #expect(await socket.closed.wasClean)
            try await client.waitForEnd()
        }
    }

    /// A connection that is lost takes its WebSockets with it.
    @Test func lost() async throws {
        try await RawHTTP2Server.with { server in
            let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
            let client = try #require(await server.connections.next())
            let socket = try await self.open(connection, on: server) {
                try await $0.send(WebSocketHTTP2ConnectionTests.ok)
            }
            client.close()
            #expect(await socket.closed.code == .abnormalClosure)
            await connection.close()
            await #expect(throws: DialError.self) { try await connection.webSocket() }
        }
    }

    /// Nobody holds it: it ends with its last WebSocket.
    @Test func letGo() async throws {
        try await RawHTTP2Server.with { server in
            let socket: WebSocketConnection
            do {
                let connection = try await WebSocketHTTP2Connection.connect(to: self.url(server))
                socket = try await self.open(connection, on: server) {
                    try await $0.send(WebSocketHTTP2ConnectionTests.ok)
                }
            }
            let client = try #require(await server.connections.next())
            #expect(socket.readyState == .open)
            socket.abort()
            try await client.waitForEnd()
        }
    }
}
