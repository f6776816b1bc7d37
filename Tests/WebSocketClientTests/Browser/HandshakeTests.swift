import HTTPTypes
import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// The checklist's `opening-handshake/`, `security/`, `cookies/`, `keeping-connection-open/`, basic-auth and referrer.
@Suite(.timeLimit(.minutes(1)))
struct HandshakeTests {
    /// opening-handshake/001: garbage instead of an answer; security/001: a wrong accept key; and other answers that are none.
    @Test(arguments: [
        "garbage\r\n\r\n", "\r\n\r\n", "\0\0\0\0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        "",
    ])
    func noAcceptance(answer: String) async throws {
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            try await connection.send(answer)
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onerror = { event in
                #expect(event.error is DialError)
                #expect(!event.message.isEmpty)
            }
            let all = await told.all()
            #expect(all == [.error, .failed])
            #expect(ws.readyState == .closed)
            #expect(ws.protocol == "" && ws.extensions == "")
        }
    }

    /// opening-handshake/002.
    @Test func right() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onopen = { _ in try? ws.close() }
            let all = await told.all()
            #expect(all == [.open, .close(1005)])
        }
    }

    /// opening-handshake/005: the answer and a Close frame in one packet.
    @Test func closedRightBehindTheAnswer() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.close(1001, "PASS"))
            let answer = try await connection.readFrame()
            #expect(answer == .close(1001, "PASS"))
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onopen = { event in #expect([.open, .closing].contains(event.target.readyState)) }
            let all = await told.all()
            #expect(all == [.open, .close(1001, "PASS")])
        }
    }

    /// opening-handshake/003, cookies/001, referrer, security/002: what the request holds. A program gives its own Origin and
    /// Cookie; the fields of the handshake it cannot give.
    @Test func request() async throws {
        let heads = Mailbox<String>()
        try await SocketServer.with(answer: { head in
            heads.post(head)
            return [:]
        }) { server in
            let fields: HTTPFields = [.cookie: "a=b; c=d", .origin: "https://example.com"]
            let told = try WebSocket(server.url("/path?query"), options: DialOptions(fields: fields)).told()
            #expect(await told.next() == .open)
            let lines = try #require(await heads.next()).split(separator: "\r\n").map(String.init)
            #expect(lines.first == "GET /path?query HTTP/1.1")
            #expect(lines.contains("Cookie: a=b; c=d"))
            #expect(lines.contains("Origin: https://example.com"))
            #expect(lines.contains("Host: 127.0.0.1:\(server.port)"))
            #expect(!lines.contains { $0.lowercased().hasPrefix("referer") })

            _ = try WebSocket(server.url())
            let bare = try #require(await heads.next()).lowercased()
            for name in [
                "cookie", "origin", "referer", "sec-websocket-protocol", "sec-websocket-extensions", "authorization",
            ] {
                #expect(!bare.contains("\r\n\(name):"))
            }
        }
    }

    /// security/002.
    @Test func noOwnKey() async throws {
        let name = try #require(HTTPField.Name("Sec-WebSocket-Key"))
        let ws = try WebSocket("ws://127.0.0.1:1", options: DialOptions(fields: [name: "x"]))
        let all = await ws.told().all()
        #expect(all == [.error, .failed])
    }

    /// basic-auth.
    @Test func basicAuthentication() async throws {
        let heads = Mailbox<String>()
        try await SocketServer.with(answer: { head in
            heads.post(head)
            return [:]
        }) { server in
            let told = try WebSocket("ws://user:pass@127.0.0.1:\(server.port)/").told()
            #expect(await told.next() == .open)
            #expect(try #require(await heads.next()).contains("\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"))
        }
    }

    /// The origin of a message is that of the WebSocket's address.
    @Test func originOfAMessage() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("x"))
            _ = try await connection.readToEnd()
        } _: { server in
            let ws = try WebSocket(server.url("/path?query"))
            let origins = Mailbox<String>()
            ws.onmessage = { origins.post($0.origin) }
            #expect(await origins.next() == "ws://127.0.0.1:\(server.port)")
            try ws.close()
        }
    }

    /// keeping-connection-open/001, without the 20 seconds: control frames keep it, and a message goes through behind them.
    @Test func idle() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            for number: UInt8 in 0..<3 {
                try await connection.send(Frame.any(.ping, [number]) + Frame.any(.pong, []))
                let pong = try await connection.readFrame()
                #expect(pong == ClientFrame(opcode: .pong, payload: [number]))
            }
            try await connection.send(Frame.text("still here"))
            try await connection.finishClosing()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onmessage = { _ in try? ws.close() }
            let all = await told.all()
            #expect(all == [.open, .text("still here"), .close(1005)])
        }
    }
}
