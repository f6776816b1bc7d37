import HTTPTypes
import NIOCore
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

@Suite(.timeLimit(.minutes(1)))
struct ClientUpgradeHandlerTests {
    /// Dials a server that answers the handshake's request in its way; what is thrown.
    private func failure(
        _ options: DialOptions = DialOptions(), serve: @escaping @Sendable (RawConnection) async throws -> Void
    ) async throws -> DialError? {
        try await RawServer.with(serve: serve) { server in
            await #expect(throws: DialError.self) {
                let socket = try await WebSocketClient.connect(to: server.url(), options: options)
                socket.abort()
            }
        }
    }

    /// Dials a server that answers with these bytes, and then waits for the client to give up.
    private func failure(_ answer: String, _ options: DialOptions = DialOptions()) async throws -> DialError? {
        try await self.failure(options) { connection in
            _ = try await connection.readHead()
            try await connection.send(answer)
            #expect(try await connection.readToEnd() == [])
        }
    }

    // MARK: The request

    @Test func request() async throws {
        let heads = Mailbox<String>()
        try await RawServer.with { connection in
            heads.post(try await connection.readHead())
        } _: { server in
            let options = DialOptions(protocols: ["b", "a"], fields: [.origin: "http://o", .cookie: "k=v"])
            var keys: Set<String> = []
            for _ in 0..<2 {
                _ = try? await WebSocketClient.connect(to: server.url("/x/y?z=%20"), options: options)
                let head = try #require(await heads.next())
                #expect(head.hasPrefix("GET /x/y?z=%20 HTTP/1.1\r\n"))
                var lines = head.split(separator: "\r\n").dropFirst().map(String.init)
                let key = try #require(lines.firstIndex { $0.lowercased().hasPrefix("sec-websocket-key: ") })
                let value = String(lines.remove(at: key).dropFirst(19))
                #expect(HandshakeKey.isValid(value))
                keys.insert(value)
                #expect(
                    Set(lines.map { $0.lowercased() }) == [
                        "host: 127.0.0.1:\(server.port)", "upgrade: websocket", "connection: upgrade",
                        "sec-websocket-version: 13", "sec-websocket-protocol: b, a", "origin: http://o", "cookie: k=v",
                    ])
            }
            #expect(keys.count == 2)
        }
    }

    // MARK: Acceptance

    /// Frames that come in the same segment as the answer arrive, and in order.
    @Test func framesInTheSameSegment() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(
                followedBy: Frame.text("one") + Frame.text("two") + Frame.text("three").prefix(3))
            // The client's first frame, masked: the three are there.
            #expect(try await connection.read(8).starts(with: [0x81, 0x82]))
            try await connection.send(Array(Frame.text("three").dropFirst(3)) + Frame.close(1000))
            #expect(try await connection.read(8).starts(with: [0x88, 0x82]))
        } _: { server in
            let socket = try await WebSocketClient.connect(to: server.url())
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("one"))
            #expect(try await messages.next() == .text("two"))
            try await socket.send("go")
            #expect(try await messages.next() == .text("three"))
            #expect(try await messages.next() == nil)
            #expect(await socket.closed == Closure(code: 1000, wasClean: true))
        }
    }

    private struct Recorder: WebSocketHandler {
        let events: Mailbox<String>

        func opened(_ connection: WebSocketConnection) { self.events.post("opened") }
        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            self.events.post("\(kind) \(String(buffer: bytes))")
        }
        func closed(_ connection: WebSocketConnection, _ closure: Closure) {
            self.events.post("closed \(closure.code)")
        }
    }

    /// The same for a handler on the event loop, with the end in the segment, too.
    @Test func everythingInOneSegment() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(
                followedBy: Frame.text("one") + Frame.text("two") + Frame.close(3000))
            #expect(try await connection.read(8).starts(with: [0x88, 0x82]))
        } _: { server in
            let events = Mailbox<String>()
            let socket = try await WebSocketClient.connect(
                to: server.url(), events: { _ in Recorder(events: events) })
            for expected in ["opened", "text one", "text two", "closed 3000"] {
                #expect(await events.next() == expected)
            }
            #expect(await socket.closed == Closure(code: 3000, wasClean: true))
        }
    }

    @Test func byteByByte() async throws {
        try await RawServer.with { connection in
            let answer = try await connection.readHandshake()
            let bytes = Array(RawConnection.switching(answer).utf8) + Frame.text("hello") + Frame.close(1000)
            for byte in bytes { try await connection.send([byte]) }
            #expect(try await connection.read(8).starts(with: [0x88, 0x82]))
        } _: { server in
            let options = DialOptions(handshakeTimeout: .seconds(60))
            let socket = try await WebSocketClient.connect(to: server.url(), options: options)
            var messages: [WebSocketMessage] = []
            for try await message in socket.messages { messages.append(message) }
            #expect(messages == [.text("hello")])
        }
    }

    /// The server sends what it has and leaves, all before the client has looked: the end is not missed.
    @Test(arguments: [nil, 1001] as [UInt16?])
    func peerLeavesAtOnce(code: UInt16?) async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("bye") + (code.map(Frame.close) ?? []))
            try await connection.endOutput()
            _ = try await connection.readToEnd()
        } _: { server in
            let socket = try await WebSocketClient.connect(to: server.url())
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("bye"))
            let closure = await socket.closed
            #expect(closure.code.rawValue == code ?? 1006)
            #expect(closure.wasClean == (code != nil))
        }
    }

    /// Informational answers come before the one that counts.
    @Test func informationalAnswers() async throws {
        try await RawServer.with { connection in
            let answer = try await connection.readHandshake()
            try await connection.send(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                    + RawConnection.switching(answer))
            _ = try await connection.readToEnd()
        } _: { server in
            let socket = try await WebSocketClient.connect(to: server.url())
            #expect(socket.readyState == .open)
            socket.abort()
        }
    }

    @Test func subprotocol() async throws {
        try await RawServer.with { connection in
            var answer = try await connection.readHandshake()
            answer["Sec-WebSocket-Protocol"] = "a"
            try await connection.send(RawConnection.switching(answer))
            _ = try await connection.readToEnd()
        } _: { server in
            let socket = try await WebSocketClient.connect(
                to: server.url(), options: DialOptions(protocols: ["b", "a"]))
            #expect(socket.subprotocol == "a")
            #expect(socket.role == .client)
            #expect(socket.request.path == "/")
            socket.abort()
        }
    }

    // MARK: A 101 that is wrong

    @Test(
        arguments: [
            (["Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], .acceptField),
            (["Sec-WebSocket-Accept": nil], .acceptField),
            (["Upgrade": nil], .upgradeField), (["Upgrade": "h2c"], .upgradeField),
            (["Connection": "keep-alive"], .connectionField), (["Connection": nil], .connectionField),
            (["Sec-WebSocket-Protocol": "c"], .subprotocolNotRequested("c")),
            (["Sec-WebSocket-Protocol": "a, b"], .subprotocolNotRequested("a, b")),
            (["Sec-WebSocket-Extensions": "permessage-deflate"], .extensionNotRequested("permessage-deflate")),
            (["Sec-WebSocket-Extensions": ";"], .extensionGrammar),
        ] as [([String: String?], HandshakeError.Code)])
    func wrongAnswer(changes: [String: String?], code: HandshakeError.Code) async throws {
        let error = try await self.failure(DialOptions(protocols: ["a", "b"])) { connection in
            var answer = try await connection.readHandshake()
            for (name, value) in changes { answer[name] = value }
            try await connection.send(RawConnection.switching(answer))
            // Section 4.1: the client fails the connection.
            #expect(try await connection.readToEnd() == [])
        }
        #expect(error?.handshakeError == HandshakeError(code))
    }

    // MARK: Other answers

    @Test(
        arguments: [
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nnot you\n", 403, "not you\n"),
            (
                "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno \r\n3\r\nway\r\n0\r\n\r\n", 404,
                "no way"
            ),
            ("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n", 426, ""),
            ("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 302, ""),
            ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", 200, "<html>"),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
            ("HTTP/1.0 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 500, ""),
        ])
    func refused(answer: String, status: Int, body: String) async throws {
        let refusal = try #require(try await self.failure(answer)?.refusal)
        #expect(refusal.response.status.code == status)
        #expect(String(buffer: refusal.body) == body)
        if status == 302 { #expect(refusal.response.headerFields[.location] == "/other") }
    }

    /// Of a long body only the beginning is kept, and its rest is not waited for.
    @Test func longRefusal() async throws {
        let error = try await self.failure { connection in
            _ = try await connection.readHead()
            try await connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n")
            try await connection.send(String(repeating: "x", count: WebSocketClient.maxRefusalBody + 100))
            #expect(try await connection.readToEnd() == [])
        }
        #expect(error?.refusal?.body == ByteBuffer(repeating: UInt8(ascii: "x"), count: WebSocketClient.maxRefusalBody))
    }

    /// A body that ends with the connection, or too early.
    @Test(arguments: ["", "Content-Length: 1000\r\n"])
    func refusalUntilTheEnd(field: String) async throws {
        let error = try await self.failure { connection in
            _ = try await connection.readHead()
            try await connection.send("HTTP/1.1 403 Forbidden\r\n\(field)\r\nnot you")
            try await connection.endOutput()
            #expect(try await connection.readToEnd() == [])
        }
        #expect(error?.refusal?.response.status == .forbidden)
        #expect(error?.refusal.map { String(buffer: $0.body) } == "not you")
    }

    @Test(arguments: [
        "hello\r\n\r\n", "SSH-2.0-OpenSSH_9.0\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 101\r\nno colon\r\n\r\n",
        "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}\u{50}",
    ])
    func garbage(answer: String) async throws {
        let error = try #require(try await self.failure(answer))
        #expect("\(error)".hasPrefix("the answer is not HTTP: "))
    }

    /// An answer of more header fields than anybody needs is not collected for ever.
    @Test func oversizedAnswer() async throws {
        let error = try await self.failure { connection in
            _ = try await connection.readHead()
            let line = "X: \(String(repeating: "x", count: 1000))\r\n"
            try? await connection.send("HTTP/1.1 101 Switching Protocols\r\n" + String(repeating: line, count: 1000))
            _ = try await connection.readToEnd()
        }
        #expect(error.map { "\($0)" }?.hasPrefix("the answer is not HTTP: ") == true)
    }

    // MARK: No answer

    @Test(arguments: ["", "HTTP/1.1 1", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: web"])
    func closedBeforeTheEnd(part: String) async throws {
        let error = try await self.failure { connection in
            _ = try await connection.readHead()
            if !part.isEmpty { try await connection.send(part) }
        }
        #expect(error.map { "\($0)" } == "the connection was lost during the handshake")
    }

    @Test(arguments: ["", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: web", "HTTP/1.1 403 Forbidden\r\n\r\nno"])
    func timeout(part: String) async throws {
        let error = try await self.failure(DialOptions(handshakeTimeout: .milliseconds(50))) { connection in
            // On a slow machine the client may be gone before it has asked.
            guard (try? await connection.readHead()) != nil else { return }
            if !part.isEmpty { try? await connection.send(part) }
            let rest = try await connection.readToEnd()
            #expect(rest == [])
        }
        // Once there is an answer, it is the reason; but it may come too late.
        #expect(error?.isTimeout == true || part.contains("403") && error?.refusal?.response.status == .forbidden)
    }
}
