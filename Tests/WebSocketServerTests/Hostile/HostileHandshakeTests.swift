import Hummingbird
import NIOCore
import TestSupport
import Testing
import WebSocketServer

/// Malformed and hostile handshakes, byte by byte as they are on the wire: each gets an answer that refuses it, and the end of its
/// connection, never a 101.
@Suite(.timeLimit(.minutes(2)))
struct HostileHandshakeTests {
    /// A request that differs from the RFC's own in one point.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        /// The status that refuses it.
        var status: Int

        init(
            _ name: String, _ status: Int, line: String = "GET /echo HTTP/1.1",
            host: String = Handshake.host, upgrade: String = Handshake.upgrade,
            connection: String = Handshake.connection,
            key: String = Handshake.key, version: String = Handshake.version, _ more: String = "", body: String = "",
            end: String = "\r\n"
        ) {
            self.init(
                name, status,
                bytes: [line, host, upgrade, connection, key, version].filter { !$0.isEmpty }.map { $0 + "\r\n" }
                    .joined()
                    + more + end + body)
        }

        init(_ name: String, _ status: Int, bytes: String) {
            self.name = name
            self.status = status
            // One byte for each, so that a test can name any byte.
            self.bytes = bytes.unicodeScalars.map { UInt8($0.value) }
        }

        var testDescription: String { self.name }
    }

    /// What the grammar of HTTP forbids.
    static let grammar = [
        Case("bare LF everywhere", 505, bytes: Handshake.request().replacing("\r\n", with: "\n")),
        Case("bare LF behind a field", 400, "A: b\n"),
        Case("bare LF at the end", 400, end: "\n"),
        Case("CR alone everywhere", 400, bytes: Handshake.request().replacing("\r\n", with: "\r")),
        Case("CR in a value", 400, "A: b\rc\r\n"),
        Case("NUL in a value", 400, "A: b\u{0}c\r\n"),
        Case("NUL in a name", 400, "A\u{0}: b\r\n"),
        Case("another control in a value", 400, "A: \u{1}\r\n"),
        Case("DEL in a value", 400, "A: \u{7F}\r\n"),
        Case("obs-fold with a space", 400, "A: b\r\n c\r\n"),
        Case("obs-fold with a tab", 400, "A: b\r\n\tc\r\n"),
        Case("space before the colon", 400, "A : b\r\n"),
        Case("space in a name", 400, "A b: c\r\n"),
        Case("space before a name", 400, " A: b\r\n"),
        Case("no name", 400, ": b\r\n"),
        Case("no colon", 400, "Abc\r\n"),
        Case("a name beyond ASCII", 400, "\u{E9}: b\r\n"),
        Case("space in the target", 400, line: "GET /ec ho HTTP/1.1"),
        Case("a target beyond ASCII", 400, line: "GET /\u{E9}cho HTTP/1.1"),
        Case("fragment in the target", 400, line: "GET /echo#there HTTP/1.1"),
        Case("tab in the request line", 400, line: "GET\t/echo HTTP/1.1"),
        Case("a method in lower case", 400, line: "get /echo HTTP/1.1"),
        Case("no version", 505, line: "GET /echo"),
        Case("HTTP/1.2", 505, line: "GET /echo HTTP/1.2"),
        Case("HTTP/2.0", 505, line: "GET /echo HTTP/2.0"),
        Case("a target that is an authority", 400, line: "GET server.example.com:80 HTTP/1.1"),
        Case("no length", 400, "Content-Length: \r\n"),
        Case("a length with a sign", 400, "Content-Length: +0\r\n"),
        Case("a negative length", 400, "Content-Length: -1\r\n"),
        Case("a list of lengths", 400, "Content-Length: 0, 0\r\n"),
        Case("two lengths", 400, "Content-Length: 0\r\nContent-Length: 1\r\n"),
        Case("a length in hexadecimal", 400, "Content-Length: 0x0\r\n"),
        Case("a length beyond all bounds", 400, "Content-Length: 99999999999999999999\r\n"),
        Case("length and coding", 400, "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", body: "0\r\n\r\n"),
    ]

    /// What the handshake forbids.
    static let handshake = [
        Case("HTTP/1.0", 400, line: "GET /echo HTTP/1.0"),
        Case("POST", 405, line: "POST /echo HTTP/1.1"),
        Case("HEAD", 405, line: "HEAD /echo HTTP/1.1"),
        Case("OPTIONS", 405, line: "OPTIONS /echo HTTP/1.1"),
        Case("CONNECT", 405, line: "CONNECT /echo HTTP/1.1"),
        Case("nothing there", 404, line: "GET /nothing HTTP/1.1"),
        Case("the target *", 404, line: "GET * HTTP/1.1"),
        Case("no Host", 400, host: ""),
        Case("an empty Host", 400, host: "Host: "),
        Case("two Hosts", 400, host: "Host: a\r\nHost: b"),
        Case("the same Host twice", 400, host: Handshake.host + "\r\n" + Handshake.host),
        Case("two Hosts in one", 400, host: "Host: a, b"),
        Case("Host with userinfo", 400, host: "Host: user@server.example.com"),
        Case("Host with a path", 400, host: "Host: server.example.com/echo"),
        Case("Host with a port that is none", 400, host: "Host: server.example.com:http"),
        Case("Host with a port too large", 400, host: "Host: server.example.com:65536"),
        Case("Host with two ports", 400, host: "Host: server.example.com:80:80"),
        Case("Host with half an address", 400, host: "Host: [::1"),
        Case("no key", 400, key: ""),
        Case("two keys", 400, key: Handshake.key + "\r\n" + Handshake.key),
        Case("a key of 15 bytes", 400, key: "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"),
        Case("a key of 17 bytes", 400, key: "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="),
        Case("a key without padding", 400, key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"),
        Case("a key with a space", 400, key: "Sec-WebSocket-Key: dGhlIHNhbXBs ZSBub25jZQ=="),
        Case("a key with unused bits set", 400, key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="),
        Case("no version", 426, version: ""),
        Case("two versions", 426, version: Handshake.version + "\r\n" + Handshake.version),
        Case("version 12", 426, version: "Sec-WebSocket-Version: 12"),
        Case("version 013", 426, version: "Sec-WebSocket-Version: 013"),
        Case("a list of versions", 426, version: "Sec-WebSocket-Version: 13, 13"),
        Case("a body with a length", 400, "Content-Length: 3\r\n", body: "abc"),
        Case("a body in chunks", 400, "Transfer-Encoding: chunked\r\n", body: "3\r\nabc\r\n0\r\n\r\n"),
        Case("an empty body in chunks", 400, "Transfer-Encoding: chunked\r\n", body: "0\r\n\r\n"),
        Case("an extension without a name", 400, "Sec-WebSocket-Extensions: ;a\r\n"),
        Case("a subprotocol that is no token", 400, "Sec-WebSocket-Protocol: a b\r\n"),
        Case("the same subprotocol twice", 400, "Sec-WebSocket-Protocol: a, a\r\n"),
    ]

    /// What stands behind it in the same packet. In a later one, it comes to a WebSocket, and is no frame.
    static let behind = [
        Case("a second request behind it", 400, body: Handshake.get("/page")),
        Case("a second handshake behind it", 400, body: Handshake.request()),
    ]

    /// What is too much.
    static let size = [
        Case("1 MiB of fields", 431, (0..<1024).map { "X\($0): \(String(repeating: "x", count: 1000))\r\n" }.joined()),
        Case("a field of 100 KiB", 431, "A: \(String(repeating: "x", count: 100 << 10))\r\n"),
        Case("2000 fields", 431, (0..<2000).map { "X\($0): y\r\n" }.joined()),
        Case("101 fields", 431, (0..<96).map { "X\($0): y\r\n" }.joined()),
        Case("a name of 9 KiB", 431, "\(String(repeating: "x", count: 9 << 10)): y\r\n"),
    ]

    /// How the bytes come.
    enum Way: CaseIterable { case whole, dripped, second }

    @Test(arguments: grammar + handshake, Way.allCases)
    func isRefused(hostile: Case, way: Way) async throws {
        try await self.check(hostile, way)
    }

    /// Dripping these byte by byte would only take long.
    @Test(arguments: size + behind, [Way.whole, .second])
    func isTooMuch(hostile: Case, way: Way) async throws {
        try await self.check(hostile, way)
    }

    /// The bytes in pieces of one to sixteen.
    private static func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        var (pieces, rest) = ([[UInt8]](), bytes[...])
        while !rest.isEmpty {
            pieces.append(Array(rest.prefix(Int.random(in: 1...16))))
            rest = rest.dropFirst(pieces.last?.count ?? 1)
        }
        return pieces
    }

    private func check(_ hostile: Case, _ way: Way) async throws {
        // Time enough, however busy the machine is.
        let configuration = WebSocketServerConfiguration(handshakeTimeout: .seconds(60))
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            try await RawConnection.with(port: server.port) { client in
                if way == .second {
                    try await client.send(Handshake.get("/page"))
                    #expect(try await client.readAnswer().body == "a page")
                }
                // The server may have ended the connection in the midst of it.
                if way == .dripped {
                    for piece in Self.pieces(of: hostile.bytes) { try? await client.send(piece) }
                } else {
                    try? await client.send(hostile.bytes)
                }
                let answer = try await client.readLastAnswer()
                #expect(answer.status == hostile.status)
                #expect(answer.values("Connection").joined().lowercased().contains("close"))
                #expect(answer.values("Sec-WebSocket-Accept") == [])
            }
        }
    }

    /// A second request is never answered as one, whenever it comes.
    @Test func laterRequest() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request())
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                try await client.send(Handshake.get("/page"))
                // A Close frame with 1002, and the end.
                #expect(try await client.readToEnd().dropFirst(2).starts(with: [0x03, 0xEA]))
            }
        }
    }

    // MARK: What is allowed

    static let allowed = [
        Case("the RFC's own", 101), Case("a length of 0", 101, "Content-Length: 0\r\n"),
        Case("an absolute target", 101, line: "GET http://server.example.com/echo HTTP/1.1"),
        Case("an empty line before", 101, line: "\r\nGET /echo HTTP/1.1"),
        Case("lists", 101, upgrade: "Upgrade: h2c, WebSocket", connection: "Connection: keep-alive, upgrade"),
        Case("a value beyond ASCII", 101, "A: \u{E9}\r\n"), Case("Host with a port", 101, host: "Host: a:80"),
        Case("Host with an address", 101, host: "Host: [::1]:3000"),
        Case("Host with an empty port", 101, host: "Host: a:"),
    ]

    @Test(arguments: allowed, Way.allCases)
    func isAccepted(request: Case, way: Way) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                if way == .second {
                    try await client.send(Handshake.get("/page"))
                    #expect(try await client.readAnswer().body == "a page")
                }
                if way == .dripped {
                    for piece in Self.pieces(of: request.bytes) { try await client.send(piece) }
                } else {
                    try await client.send(request.bytes)
                }
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                try await client.send(Frame.masked("hi"))
                #expect(try await client.read(4) == Frame.text("hi"))
            }
        }
    }

    // MARK: Time

    /// However slowly a head comes, and whether it is the connection's first or not: it has the handshake's time.
    @Test(arguments: [false, true])
    func endlessHead(isSecond: Bool) async throws {
        let configuration = WebSocketServerConfiguration(handshakeTimeout: .seconds(2))
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            try await RawConnection.with(port: server.port) { client in
                if isSecond {
                    try await client.send(Handshake.get("/page"))
                    #expect(try await client.readAnswer().body == "a page")
                }
                try await client.send("GET /echo HTTP/1.1\r\nA: ")
                let drip = Task {
                    while !Task.isCancelled { try await client.send("x") }
                }
                let answer = try await client.readLastAnswer()
                drip.cancel()
                // What is dripped is a field, and may become too long before it becomes too late.
                #expect([400, 408, 431].contains(answer.status))
            }
            try await RawConnection.with(port: server.port) { client in
                if isSecond {
                    try await client.send(Handshake.get("/page"))
                    #expect(try await client.readAnswer().body == "a page")
                }
                try await client.send("GET /echo HTTP/1.1\r\n")
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 408)
                #expect(answer.body == "no request came in time\n")
            }
        }
    }

    // MARK: Changed at random

    /// Whatever bytes of a handshake are changed: no crash, and a 101 only for what still is one by a check of its own.
    @Test func changed() async throws {
        var random = SystemRandomNumberGenerator()
        var cases: [[UInt8]] = []
        for _ in 0..<150 {
            var bytes = Array(Handshake.request().utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(UInt8.random(in: 0 ... .max, using: &random), at: index)
                case 2: bytes.insert([0, 9, 10, 13, 32, 58].randomElement(using: &random)!, at: index)
                default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            cases.append(bytes)
        }
        let changed = cases
        // What ends too early waits for the rest, and gets 408.
        let configuration = WebSocketServerConfiguration(handshakeTimeout: .seconds(1))
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for bytes in changed {
                    group.addTask {
                        try await RawConnection.with(port: server.port) { client in
                            try? await client.send(bytes)
                            let head = try await client.readHead()
                            let isAccepted = head.hasPrefix("HTTP/1.1 101 ")
                            if isAccepted {
                                #expect(Self.isHandshake(bytes), "\(String(decoding: bytes, as: UTF8.self))")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// A check that is nothing but strict, of the fields that the RFC's example has.
    private static func isHandshake(_ bytes: [UInt8]) -> Bool {
        // Empty lines before a request are no part of it (RFC 9112, section 2.2), and no field can hide in them.
        let text = String(decoding: bytes.drop { $0 == 13 || $0 == 10 }, as: UTF8.self)
        guard text.hasSuffix("\r\n\r\n") else { return false }
        let lines = text.dropLast(2).split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let words = lines.first?.split(separator: " "), words.count == 3, words[0] == "GET",
            words[2] == "HTTP/1.1"
        else { return false }
        var fields: [String: [String]] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex, !line.hasPrefix(" ") else {
                return false
            }
            let value = line[line.index(after: colon)...].trimmingPrefix { $0 == " " || $0 == "\t" }
            fields[line[..<colon].lowercased(), default: []].append(String(value))
        }
        func only(_ name: String) -> String? { fields[name]?.count == 1 ? fields[name]?[0] : nil }
        return only("host") != nil && only("upgrade")?.lowercased().contains("websocket") == true
            && only("connection")?.lowercased().contains("upgrade") == true
            && only("sec-websocket-key")?.trimmingSuffix(" \t").count == 24
            && only("sec-websocket-version")?.trimmingSuffix(" \t") == "13"
    }
}

extension String {
    /// Without these characters at its end.
    fileprivate func trimmingSuffix(_ characters: String) -> Substring {
        var text = Substring(self)
        while let last = text.last, characters.contains(last) { text.removeLast() }
        return text
    }
}
