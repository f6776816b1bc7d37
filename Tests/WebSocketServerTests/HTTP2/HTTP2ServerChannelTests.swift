import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHPACK
import NIOHTTP2
import Synchronization
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO
import WebSocketServer

/// WebSockets over HTTP/2 on a server, frame by frame (RFC 8441).
@Suite(.timeLimit(.minutes(1)))
struct HTTP2ServerChannelTests {
    static let server = HTTPServerBuilder.webSocket(.init(http2: .everywhere))

    func with<T: Sendable>(
        _ router: Router<BasicRequestContext> = echoRouter(), _ body: (RawHTTP2Connection) async throws -> T
    ) async throws -> T {
        try await TestServer.with(router, server: HTTP2ServerChannelTests.server) { server in
            try await RawHTTP2Connection.with(port: server.port, body)
        }
    }

    /// A WebSocket that is open.
    func open(_ connection: RawHTTP2Connection, _ path: String = "/echo", reads: Bool = true) async throws
        -> RawHTTP2Stream
    {
        let stream = try await connection.open(reads: reads)
        try await stream.send(RawHTTP2Stream.connect(path))
        if reads { #expect(try await stream.headers()[":status"] == ["200"]) }
        return stream
    }

    // MARK: The handshake

    @Test func settings() async throws {
        let settings = try await self.with { $0.settings }
        #expect(settings.contains(HTTP2Setting(parameter: .enableConnectProtocol, value: 1)))
        #expect(settings.contains(HTTP2Setting(parameter: .maxConcurrentStreams, value: 256)))
        #expect(settings.contains(HTTP2Setting(parameter: .maxHeaderListSize, value: 16 << 10)))
    }

    @Test func answer() async throws {
        let headers = try await self.with { connection in
            let stream = try await connection.open()
            try await stream.send(RawHTTP2Stream.connect("/echo"))
            return try await stream.headers()
        }
        #expect(headers[":status"] == ["200"])
        for name in ["content-length", "upgrade", "connection", "sec-websocket-accept", "transfer-encoding"] {
            #expect(headers[name] == [], "\(name)")
        }
    }

    /// As many as over HTTP/1.1, of a CONNECT and of an ordinary request. Cookies that were taken apart are one.
    @Test func numberOfFields() async throws {
        func fields(_ count: Int, cookies: Int = 0) -> [(String, String)] {
            [("sec-websocket-version", "13")] + (1..<count - min(cookies, 1)).map { ("x\($0)", "y") }
                + (0..<cookies).map { ("cookie", "c\($0)=1") }
        }
        try await self.with { connection in
            let other = try await self.open(connection)
            for (fields, connect, get) in [
                (fields(100), "200", "200"), (fields(100, cookies: 5), "200", "200"),
                (fields(101), "431", "431"), (fields(101, cookies: 5), "431", "431"), (fields(400), "431", "431"),
            ] {
                let upgrade = try await connection.open()
                try await upgrade.send(RawHTTP2Stream.connect("/echo", fields))
                #expect(try await upgrade.headers()[":status"] == [connect])
                let ordinary = try await connection.open()
                let request: [(String, String)] = [
                    (":method", "GET"), (":scheme", "http"), (":path", "/page"), (":authority", "a.example"),
                ]
                try await ordinary.send(HPACKHeaders(request + fields), endStream: true)
                #expect(try await ordinary.headers()[":status"] == [get])
            }
            try await self.echo(other, "still here")
        }
    }

    /// One connection carries many WebSockets, and its client may have so many.
    @Test func tooManyOfOneClient() async throws {
        let configuration = WebSocketServerConfiguration(
            http2: .everywhere,
            admission: AdmissionLimits(maxConnections: 9, maxWebSocketsPerAddress: 2, exemptAddresses: []))
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            try await RawHTTP2Connection.with(port: server.port) { connection in
                let first = try await self.open(connection)
                let second = try await self.open(connection)
                let third = try await connection.open()
                try await third.send(RawHTTP2Stream.connect("/echo"))
                #expect(try await third.headers()[":status"] == ["429"])
                try await self.echo(first, "still here")
                // A stream that has ended has made room for another.
                try await second.send(Frame.maskedClose(1000), endStream: true)
                _ = try await second.bytesToEnd()
                var status: [String] = []
                while status != ["200"] {
                    let next = try await connection.open()
                    try await next.send(RawHTTP2Stream.connect("/echo"))
                    status = try await next.headers()[":status"]
                    #expect(status == ["200"] || status == ["429"])
                }
            }
        }
    }

    @Test func anotherProtocol() async throws {
        try await self.with { connection in
            let other = try await self.open(connection)
            let stream = try await connection.open()
            try await stream.send(RawHTTP2Stream.connect("/echo", protocol: "connect-udp"))
            #expect(try await stream.headers()[":status"] == ["501"])
            _ = try await stream.bytesToEnd()
            #expect(await stream.end() == .noError)
            try await self.echo(other, "still here")
        }
    }

    /// A refusal has its status and body, ends the stream, and leaves the others alone.
    @Test(arguments: [
        ("/nothing", [("sec-websocket-version", "13")], "404", "there is nothing at /nothing\n"),
        ("/page", [("sec-websocket-version", "13")], "400", "there is no WebSocket at /page\n"),
        ("/echo", [("sec-websocket-version", "12")], "400", "Sec-WebSocket-Version must be 13, not 12\n"),
        ("/echo", [], "400", "Sec-WebSocket-Version must be 13, not missing\n"),
        (
            "/echo", [("sec-websocket-version", "13"), ("content-length", "5")], "400",
            "a WebSocket handshake has no body\n"
        ),
        ("/private", [("sec-websocket-version", "13")], "401", "who are you?"),
    ])
    func refusal(_ path: String, _ fields: [(String, String)], _ status: String, _ body: String) async throws {
        let router = echoRouter()
        router.webSocket(
            "/private", accept: { _, _ in .refuse(.unauthorized, "who are you?") }, events: { _ in Echo() })
        try await self.with(router) { connection in
            let other = try await self.open(connection)
            let stream = try await connection.open()
            try await stream.send(RawHTTP2Stream.connect(path, fields))
            let headers = try await stream.headers()
            #expect(headers[":status"] == [status])
            #expect(headers["connection"] == [] && headers["upgrade"] == [])
            #expect(headers["sec-websocket-version"] == (body.hasPrefix("Sec-WebSocket-Version") ? ["13"] : []))
            let bytes = try await stream.bytesToEnd()
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(body))
            #expect(await stream.end() == .noError)
            try await self.echo(other, "still here")
        }
    }

    @Test func clientHasEndedItsSide() async throws {
        try await self.with { connection in
            let stream = try await connection.open()
            try await stream.send(RawHTTP2Stream.connect("/echo"), endStream: true)
            #expect(try await stream.headers()[":status"] == ["400"])
            _ = try await stream.bytesToEnd()
            #expect(await stream.end() == nil)
        }
    }

    /// What NIO does not take is reset, and the others go on.
    @Test(arguments: [("connection", "upgrade"), ("transfer-encoding", "chunked"), ("UPPER", "case")])
    func malformedHeader(_ name: String, _ value: String) async throws {
        try await self.with { connection in
            let other = try await self.open(connection)
            let stream = try await connection.open()
            try await stream.send(RawHTTP2Stream.connect("/echo", [("sec-websocket-version", "13"), (name, value)]))
            #expect(await stream.end() == .protocolError)
            try await self.echo(other, "still here")
        }
    }

    /// Bytes that come before the answer wait for it.
    @Test func bytesBeforeTheAnswer() async throws {
        let gate = Mailbox<Void>()
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/slow",
            accept: { _, _ in
                _ = await gate.next()
                return .accept(())
            }, events: { _ in Echo() })
        try await self.with(router) { connection in
            let stream = try await connection.open()
            try await stream.send(RawHTTP2Stream.connect("/slow"))
            try await stream.send(Frame.masked("early"))
            try await stream.send(Frame.masked("bird"))
            gate.post(())
            #expect(try await stream.headers()[":status"] == ["200"])
            let expected = Frame.text("early") + Frame.text("bird")
            #expect(try await stream.bytes(expected.count) == expected)
        }
    }

    // MARK: Messages

    func echo(_ stream: RawHTTP2Stream, _ text: String) async throws {
        try await stream.send(Frame.masked(text))
        let expected = Frame.text(text)
        #expect(try await stream.bytes(expected.count) == expected)
    }

    /// Frames and DATA frames have nothing to do with one another: pieces, several in one, nothing.
    @Test func framesOverDataFrames() async throws {
        try await self.with { connection in
            let stream = try await self.open(connection)
            for byte in Frame.masked("drip") { try await stream.send([byte]) }
            try await stream.send([])
            try await stream.send([])
            try await stream.send(Frame.masked("a") + Frame.masked("b") + Frame.masked("c").prefix(3))
            try await stream.send(Array(Frame.masked("c").dropFirst(3)))
            let expected = ["drip", "a", "b", "c"].flatMap { Frame.text($0) }
            #expect(try await stream.bytes(expected.count) == expected)
        }
    }

    /// The payload is unmasked in place, in bytes that are this stream's alone.
    @Test func maskedWithAKey() async throws {
        try await self.with { connection in
            let streams = try await [self.open(connection), self.open(connection)]
            let key: [UInt8] = [1, 2, 3, 4]
            for (index, stream) in streams.enumerated() {
                let text = Array("text \(index)".utf8)
                let masked = text.indices.map { text[$0] ^ key[$0 % 4] }
                stream.post(
                    .data(.init(data: .byteBuffer(ByteBuffer(bytes: [0x81, 0x80 | UInt8(text.count)] + key + masked)))))
            }
            for (index, stream) in streams.enumerated() {
                let expected = Frame.text("text \(index)")
                #expect(try await stream.bytes(expected.count) == expected)
            }
        }
    }

    // MARK: Ordinary requests

    private func request(_ method: String, _ path: String, _ fields: [(String, String)] = []) -> HPACKHeaders {
        HPACKHeaders(
            [(":method", method), (":scheme", "http"), (":path", path), (":authority", "server.example.com")] + fields)
    }

    @Test func ordinaryRequests() async throws {
        let router = echoRouter()
        router.post("/size") { request, _ in
            var count = 0
            for try await bytes in request.body { count += bytes.readableBytes }
            return "\(count)"
        }
        try await self.with(router) { connection in
            let get = try await connection.open()
            try await get.send(self.request("GET", "/page"), endStream: true)
            #expect(try await get.headers()[":status"] == ["200"])
            #expect(try await get.bytesToEnd() == Array("a page".utf8))
            #expect(await get.end() == nil)
            let post = try await connection.open()
            try await post.send(self.request("POST", "/size"))
            for _ in 0..<20 { try await post.send([UInt8](repeating: 1, count: 10_000)) }
            try await post.send([], endStream: true)
            #expect(try await post.headers()[":status"] == ["200"])
            #expect(try await post.bytesToEnd() == Array("200000".utf8))
        }
    }

    /// 100 WebSockets and 50 ordinary requests on one connection, all at once.
    @Test func mixed() async throws {
        let router = echoRouter()
        router.post("/size") { request, _ in
            let body = try await request.body.collect(upTo: 1 << 20)
            return "\(body.readableBytes)"
        }
        try await self.with(router) { connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let stream = try await self.open(connection, number.isMultiple(of: 2) ? "/echo" : "/read")
                        for round in 0..<5 { try await self.echo(stream, "\(number) \(round)") }
                        try await stream.send(Frame.maskedClose(1000), endStream: true)
                        #expect(try await stream.bytesToEnd() == Frame.close(1000))
                    }
                }
                for number in 0..<50 {
                    group.addTask {
                        let stream = try await connection.open()
                        if number.isMultiple(of: 2) {
                            try await stream.send(self.request("GET", "/page"), endStream: true)
                            #expect(try await stream.headers()[":status"] == ["200"])
                            #expect(try await stream.bytesToEnd() == Array("a page".utf8))
                        } else {
                            try await stream.send(self.request("POST", "/size"))
                            try await stream.send([UInt8](repeating: 1, count: 10_000), endStream: true)
                            #expect(try await stream.headers()[":status"] == ["200"])
                            #expect(try await stream.bytesToEnd() == Array("10000".utf8))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Padding, which NIO does not send: the bytes of a client, by hand.
    @Test func padding() async throws {
        try await TestServer.with(echoRouter(), server: HTTP2ServerChannelTests.server) { server in
            try await RawConnection.with(port: server.port) { connection in
                var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
                var block = ByteBuffer()
                try encoder.encode(headers: RawHTTP2Stream.connect("/echo"), to: &block)
                func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
                    [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, stream] + payload
                }
                let message = Frame.masked("padded")
                try await connection.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
                // Settings, and the acknowledgement of the server's, from which on they hold.
                try await connection.send(frame(4, 0, 0, []))
                _ = try await connection.read(9 + 18)
                try await connection.send(frame(4, 1, 0, []))
                try await connection.send(frame(1, 4, 1, Array(block.readableBytesView)))
                try await connection.send(frame(0, 8, 1, [9] + message.prefix(5) + [UInt8](repeating: 0xFF, count: 9)))
                try await connection.send(frame(0, 8, 1, [3] + message.dropFirst(5) + [0xFF, 0xFF, 0xFF]))
                // A DATA frame with the answer, in one piece.
                let expected = frame(0, 0, 1, Frame.text("padded"))
                var received: [UInt8] = []
                while received.firstRange(of: expected) == nil { received += try await connection.read(1) }
            }
        }
    }

    /// The address of a WebSocket says what is needed, without the fields that HTTP/2 has not.
    @Test(arguments: ["GET", "CONNECT"])
    func requestThatIsNoWebSocket(_ method: String) async throws {
        try await self.with { connection in
            let stream = try await connection.open()
            let headers =
                method == "GET"
                ? self.request("GET", "/echo") : HPACKHeaders([(":method", "CONNECT"), (":authority", "a:1")])
            try await stream.send(headers, endStream: true)
            let answer = try await stream.headers()
            #expect(answer[":status"] == [method == "GET" ? "400" : "404"])
            #expect(answer["upgrade"] == [])
        }
    }

    // MARK: Back pressure

    /// A client that sends to nobody is stopped by its window, and the others go on.
    @Test func nobodyReads() async throws {
        let gate = Mailbox<Void>()
        let received = Mailbox<Int>()
        let router = echoRouter()
        router.webSocket("/sink", configuration: .init(receiveBuffer: 1024)) { socket, _ in
            _ = await gate.next()
            var count = 0
            for try await message in socket.messages {
                if case .binary(let bytes) = message { count += bytes.readableBytes }
                received.post(count)
            }
        }
        try await self.with(router) { connection in
            let other = try await self.open(connection)
            let stream = try await self.open(connection, "/sink")
            // 64 messages of 16 KiB.
            let message = [0x82, 0xFE, 0x40, 0, 0, 0, 0, 0] + [UInt8](repeating: 7, count: 16 << 10)
            for _ in 0..<64 { stream.post(.data(.init(data: .byteBuffer(ByteBuffer(bytes: message))))) }
            for round in 0..<100 { try await self.echo(other, "\(round)") }
            #expect(!stream.isWritable)
            gate.post(())
            while let count = await received.next(), count < 1 << 20 {}
            #expect(stream.isWritable)
        }
    }

    /// A client that does not read stops who sends to it, and nobody else.
    @Test func clientDoesNotRead() async throws {
        let sent = Mutex(0)
        let router = echoRouter()
        router.webSocket("/source") { socket, _ in
            let message = ByteBuffer(repeating: 7, count: 64 << 10)
            for _ in 0..<32 {
                try await socket.send(message)
                sent.withLock { $0 += 1 }
            }
        }
        try await self.with(router) { connection in
            let other = try await self.open(connection)
            let stream = try await self.open(connection, "/source", reads: false)
            for round in 0..<100 { try await self.echo(other, "\(round)") }
            // The window, and the send buffer of 128 KiB.
            let before = sent.withLock { $0 }
            #expect(before <= 4)
            try await stream.startReading()
            #expect(try await stream.headers()[":status"] == ["200"])
            // With the Close frame that follows.
            let count = 32 * ((64 << 10) + 10) + 4
            #expect(try await stream.bytes(count).count == count)
            let after = sent.withLock { $0 }
            #expect(after == 32)
        }
    }

    // MARK: Shutdown

    /// Every WebSocket is told 1001, the client is told goodbye, and the connection ends.
    @Test func shutdown() async throws {
        try await TestServer.with(echoRouter(), server: HTTP2ServerChannelTests.server) { server in
            try await RawHTTP2Connection.with(port: server.port) { connection in
                var streams: [RawHTTP2Stream] = []
                for path in ["/echo", "/read", "/echo"] { streams.append(try await self.open(connection, path)) }
                await server.shutDown()
                for stream in streams {
                    let head = try await stream.bytes(4)
                    #expect(head[0] == 0x88 && head[2...3] == [0x03, 0xE9])
                    try await stream.send(Frame.maskedClose(1001), endStream: true)
                }
                var isGoodbye = false
                while !isGoodbye, let frame = await connection.frames.next() ?? nil {
                    if case .goAway(_, .noError, _) = frame { isGoodbye = true }
                }
                #expect(isGoodbye)
                for stream in streams { #expect(await stream.end() == nil) }
                try await connection.waitForEnd()
            }
        }
    }
}
