import NIOCore
import TestSupport
import Testing
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

@testable import WebSocketClient

/// What a client offers about compression, and what it makes of the answer.
@Suite(.timeLimit(.minutes(1)))
struct ClientUpgradeHandlerCompressionTests {
    /// "Hello", and "Hello" once more, which refers to the first (RFC 7692, section 7.2.3.2).
    private static let hello: [UInt8] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]
    private static let again: [UInt8] = [0xf2, 0x00, 0x11, 0x00, 0x00]

    private static func options(_ compression: DeflateConfiguration?) -> DialOptions {
        // Time is not what these are about: on a busy machine the default can be too short.
        DialOptions(
            connectTimeout: .seconds(60), handshakeTimeout: .seconds(60),
            configuration: WebSocketConfiguration(compression: compression))
    }

    /// Serves a connection whose handshake is answered with these extensions.
    private static func answering(
        _ extensions: String?, _ serve: @escaping @Sendable (RawConnection) async throws -> Void
    ) -> @Sendable (RawConnection) async throws -> Void {
        { connection in
            var answer = try await connection.readHandshake()
            answer["Sec-WebSocket-Extensions"] = extensions
            try await connection.send(RawConnection.switching(answer))
            try await serve(connection)
        }
    }

    /// A masked frame of less than 126 bytes, unmasked: its first byte, and its payload.
    private static func read(_ connection: RawConnection) async throws -> (UInt8, [UInt8]) {
        let header = try await connection.read(6)
        #expect(header[1] & 0x80 != 0)
        let payload = try await connection.read(Int(header[1] & 0x7F))
        return (header[0], payload.enumerated().map { $1 ^ header[2 + $0 % 4] })
    }

    // MARK: The offer

    @Test(
        arguments: [
            (.contextTakeover, ["permessage-deflate; client_max_window_bits"]),
            (
                .noContextTakeover,
                [
                    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"
                ]
            ),
            (
                DeflateConfiguration(serverMaxWindowBits: 10, clientMaxWindowBits: 11),
                ["permessage-deflate; server_max_window_bits=10; client_max_window_bits=11"]
            ),
            (nil, []),
        ] as [(DeflateConfiguration?, [String])])
    func offer(compression: DeflateConfiguration?, expected: [String]) async throws {
        let heads = Mailbox<String>()
        try await RawServer.with { connection in
            heads.post(try await connection.readHead())
        } _: { server in
            _ = try? await WebSocketClient.connect(to: server.url(), options: Self.options(compression))
            let request = RawConnection.Answer(head: try #require(await heads.next()), body: "")
            #expect(request.values("Sec-WebSocket-Extensions") == expected)
        }
    }

    // MARK: Accepted

    @Test func compressedBothWays() async throws {
        let serve = Self.answering("permessage-deflate") { connection in
            for (first, expected) in [(0xC1, Self.hello), (0xC2, Self.again), (0x81, Array("Hello".utf8))] {
                let (byte, payload) = try await Self.read(connection)
                #expect(byte == first)
                #expect(payload == expected)
                try await connection.send([byte, UInt8(payload.count)] + payload)
            }
            let (byte, _) = try await Self.read(connection)
            #expect(byte == 0x88)
            try await connection.send(Frame.close(1000))
        }
        try await RawServer.with(serve: serve) { server in
            let socket = try await WebSocketClient.connect(
                to: server.url(), options: Self.options(DeflateConfiguration(threshold: 0)))
            #expect(socket.extensions == [WebSocketExtension("permessage-deflate")])
            var messages = socket.messages.makeAsyncIterator()
            try await socket.send("Hello")
            #expect(try await messages.next() == .text("Hello"))
            try await socket.send(ByteBuffer(string: "Hello"))
            #expect(try await messages.next() == .binary(ByteBuffer(string: "Hello")))
            try await socket.send("Hello", compress: false)
            #expect(try await messages.next() == .text("Hello"))
            #expect(try await socket.close() == Closure(code: 1000, wasClean: true))
        }
    }

    /// A compressed message that comes with the answer, before anybody could look.
    @Test func inTheSameSegment() async throws {
        try await RawServer.with { connection in
            var answer = try await connection.readHandshake()
            answer["Sec-WebSocket-Extensions"] = "permessage-deflate"
            try await connection.send(
                Array(RawConnection.switching(answer).utf8) + [0xC1, 7] + Self.hello + [0xC1, 5] + Self.again)
            _ = try await connection.readToEnd()
        } _: { server in
            let socket = try await WebSocketClient.connect(to: server.url(), options: Self.options(.contextTakeover))
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("Hello"))
            #expect(try await messages.next() == .text("Hello"))
            socket.abort()
        }
    }

    /// What the server asks for holds for what the client sends: here, that its messages stand alone.
    @Test func theAnswerBinds() async throws {
        let text = String(repeating: "a", count: 300)
        let serve = Self.answering("permessage-deflate; client_no_context_takeover; client_max_window_bits=9") {
            connection in
            let (first, payload) = try await Self.read(connection)
            let (second, again) = try await Self.read(connection)
            #expect(first == 0xC1 && second == 0xC1)
            #expect(payload == again)
            _ = try await connection.readToEnd()
        }
        try await RawServer.with(serve: serve) { server in
            let socket = try await WebSocketClient.connect(to: server.url(), options: Self.options(.contextTakeover))
            #expect(
                socket.extensions.map(\.description) == [
                    "permessage-deflate; client_no_context_takeover; client_max_window_bits=9"
                ])
            try await socket.send(text)
            try await socket.send(text)
            socket.abort()
        }
    }

    // MARK: Declined

    @Test func aServerThatDeclines() async throws {
        let text = String(repeating: "a", count: 100)
        let serve = Self.answering(nil) { connection in
            let (byte, payload) = try await Self.read(connection)
            #expect(byte == 0x81)
            #expect(payload == Array(text.utf8))
            // And what is compressed all the same is refused.
            try await connection.send([0xC1, 7] + Self.hello)
            let (close, reason) = try await Self.read(connection)
            #expect(close == 0x88)
            #expect(reason.prefix(2) == [0x03, 0xEA])
        }
        try await RawServer.with(serve: serve) { server in
            let socket = try await WebSocketClient.connect(
                to: server.url(), options: Self.options(DeflateConfiguration(threshold: 0)))
            #expect(socket.extensions == [])
            try await socket.send(text)
            _ = await socket.closed
        }
    }

    // MARK: An answer that is wrong

    @Test(
        arguments: [
            ("permessage-deflate; unknown", .contextTakeover, .extensionParameter("permessage-deflate; unknown")),
            (
                "permessage-deflate; server_no_context_takeover=1", .contextTakeover,
                .extensionParameter("permessage-deflate; server_no_context_takeover=1")
            ),
            (
                "permessage-deflate; server_max_window_bits=16", .contextTakeover,
                .extensionParameter("permessage-deflate; server_max_window_bits=16")
            ),
            (
                "permessage-deflate; client_no_context_takeover; client_no_context_takeover", .contextTakeover,
                .extensionParameter("permessage-deflate; client_no_context_takeover")
            ),
            ("permessage-deflate, permessage-deflate", .contextTakeover, .repeatedExtension("permessage-deflate")),
            ("x-other", .contextTakeover, .extensionNotRequested("x-other")),
            ("permessage-deflate, x-other", .contextTakeover, .extensionNotRequested("x-other")),
            ("permessage-deflate", nil, .extensionNotRequested("permessage-deflate")),
            (
                "permessage-deflate", .noContextTakeover,
                .extensionAnswer("server_no_context_takeover", "permessage-deflate")
            ),
            (
                "permessage-deflate; server_max_window_bits=11", DeflateConfiguration(serverMaxWindowBits: 10),
                .extensionAnswer("server_max_window_bits", "permessage-deflate; server_max_window_bits=11")
            ),
            (
                "permessage-deflate; client_max_window_bits", .contextTakeover,
                .extensionAnswer("client_max_window_bits", "permessage-deflate; client_max_window_bits")
            ),
        ] as [(String, DeflateConfiguration?, HandshakeError.Code)])
    func wrongAnswer(extensions: String, compression: DeflateConfiguration?, code: HandshakeError.Code) async throws {
        let serve = Self.answering(extensions) { connection in
            // The client fails the connection (RFC 7692, section 5.1).
            let rest = try await connection.readToEnd()
            #expect(rest == [])
        }
        try await RawServer.with(serve: serve) { server in
            let error = await #expect(throws: DialError.self) {
                let socket = try await WebSocketClient.connect(to: server.url(), options: Self.options(compression))
                socket.abort()
            }
            #expect(error?.handshakeError == HandshakeError(code))
        }
    }
}
