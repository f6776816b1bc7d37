import HTTPTypes
import NIOCore
import NIOPosix
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

@Suite(.timeLimit(.minutes(1)))
struct WebSocketClientTests {
    private func failure(_ url: String, _ options: DialOptions = DialOptions()) async -> DialError? {
        await #expect(throws: DialError.self) {
            let socket = try await WebSocketClient.connect(to: url, options: options)
            socket.abort()
        }
    }

    // MARK: Refused before anything is connected

    @Test func badAddress() async {
        let error = await self.failure("ftp://127.0.0.1")
        #expect(error.map { "\($0)" }?.contains("neither ws nor wss") == true)
    }

    @Test(arguments: [
        "Host", "host", "Upgrade", "Connection", "Content-Length", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
        "sec-websocket-protocol", "Sec-WebSocket-Extensions", "Sec-WebSocket-Other", "Transfer-Encoding",
    ])
    func reservedField(name: String) async throws {
        let options = DialOptions(fields: [try #require(HTTPField.Name(name)): "x"])
        // Port 1: nothing is connected.
        let error = await self.failure("ws://127.0.0.1:1", options)
        #expect(error.map { "\($0)" } == "the header field \(name) belongs to the handshake")
    }

    @Test(arguments: [
        (["a b"], HandshakeError.Code.invalidSubprotocol("a b")), ([""], .invalidSubprotocol("")),
        (["a", "a"], .repeatedSubprotocol("a")),
    ])
    func badSubprotocol(names: [String], code: HandshakeError.Code) async {
        let error = await self.failure("ws://127.0.0.1:1", DialOptions(protocols: names))
        #expect(error?.handshakeError == HandshakeError(code))
    }

    // MARK: No server

    @Test func nobodyListens() async throws {
        // One that a test has just given up may be another test's by now.
        let port = 1
        let error = try #require(await self.failure("ws://127.0.0.1:\(port)"))
        #expect("\(error)".hasPrefix("cannot connect: 127.0.0.1:\(port): "))
        #expect("\(error)".lowercased().contains("refused"))
        #expect(error.refusal == nil)
    }

    /// A name that no resolver takes: a label has at most 63 bytes (RFC 1035).
    @Test func unknownHost() async throws {
        let host = "\(String(repeating: "a", count: 64)).invalid"
        let error = try #require(await self.failure("ws://\(host)"))
        #expect("\(error)".hasPrefix("cannot connect: \(host):80: "))
    }

    // MARK: Giving up

    @Test func cancelledWhileWaitingForTheAnswer() async throws {
        let asked = Mailbox<Void>()
        let gone = Mailbox<Void>()
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            asked.post(())
            #expect(try await connection.readToEnd() == [])
            gone.post(())
        } _: { server in
            let task = Task { try await WebSocketClient.connect(to: server.url()) }
            _ = await asked.next()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            // And the server sees it.
            #expect(await gone.next() != nil)
        }
    }

    /// A listener whose backlog is full lets nobody in: the attempt ends all the same.
    @Test func cancelledWhileConnecting() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        defer { listener.close(promise: nil) }
        let port = try #require(listener.localAddress?.port)
        let tasks = (0..<8).map { _ in
            Task {
                try await WebSocketClient.connect(
                    to: "ws://127.0.0.1:\(port)", options: DialOptions(connectTimeout: .seconds(3600)))
            }
        }
        await Task.yield()
        for task in tasks {
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func cancelledBefore() async throws {
        try await RawServer.with { connection in
            _ = try? await connection.acceptHandshake()
            _ = try await connection.readToEnd()
        } _: { server in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await WebSocketClient.connect(to: server.url())
            }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    // MARK: Connected

    @Test func messagesBothWays() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            let frame = try await connection.read(11)
            #expect(frame.starts(with: [0x81, 0x85]))
            // Unmasked by the key in the frame.
            let payload = frame[6...].enumerated().map { $1 ^ frame[2 + $0 % 4] }
            try await connection.send(Frame.text(String(decoding: payload, as: UTF8.self)))
            #expect(try await connection.read(8).starts(with: [0x88, 0x82]))
            try await connection.send(Frame.close(1000))
        } _: { server in
            let socket = try await WebSocketClient.connect(to: server.url())
            #expect(socket.role == .client)
            #expect(socket.peerAddress?.port == server.port)
            #expect(socket.subprotocol == nil)
            #expect(socket.extensions == [])
            try await socket.send("hello")
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("hello"))
            #expect(try await socket.close() == Closure(code: 1000, wasClean: true))
        }
    }

    @Test(
        arguments: [
            ("user:pass@", nil, "Authorization: Basic dXNlcjpwYXNz"),
            ("user:pass@", "Bearer x", "Authorization: Bearer x"),
        ] as [(String, String?, String)])
    func authorization(user: String, field: String?, line: String) async throws {
        let heads = Mailbox<String>()
        try await RawServer.with { connection in
            heads.post(try await connection.readHead())
        } _: { server in
            let options = DialOptions(fields: field.map { [.authorization: $0] } ?? [:])
            _ = try? await WebSocketClient.connect(to: "ws://\(user)127.0.0.1:\(server.port)", options: options)
            let head = try #require(await heads.next())
            let lines = head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("authorization:") }
            #expect(lines.map(String.init) == [line])
            #expect(!head.contains("@"))
        }
    }

    @Test func onAGivenEventLoop() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            _ = try await connection.readToEnd()
        } _: { server in
            let socket = try await WebSocketClient.connect(to: server.url(), on: loop)
            #expect(socket.eventLoop === loop)
            socket.abort()
        }
    }
}
