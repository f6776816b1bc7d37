import Hummingbird
import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO
import WebSocketServer

/// What a route agrees on about compression, through the whole handshake.
@Suite(.timeLimit(.minutes(1)))
struct RouterMethodsWebSocketCompressionTests {
    /// "Hello", and "Hello" once more, which refers to the first (RFC 7692, section 7.2.3.2).
    private static let hello: [UInt8] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]
    private static let again: [UInt8] = [0xf2, 0x00, 0x11, 0x00, 0x00]

    private static func masked(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [first, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
    }

    /// Routes with an echo on the loop at /echo, one that reads at /read, and what they see of the connection.
    private func makeRouter(
        _ compression: DeflateConfiguration?, seen: Mailbox<[WebSocketExtension]> = Mailbox()
    ) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        let configuration = WebSocketConfiguration(compression: compression)
        router.webSocket(
            "/echo", origins: .any, configuration: configuration,
            events: {
                seen.post($0.extensions)
                return Echo()
            })
        router.webSocket("/read", origins: .any, configuration: configuration) { socket, _ in
            seen.post(socket.extensions)
            for try await message in socket.messages { try await socket.send(message) }
        }
        return router
    }

    private static func offer(_ value: String) -> String { "Sec-WebSocket-Extensions: \(value)" }

    // MARK: The answer

    @Test(
        arguments: [
            ("permessage-deflate", .contextTakeover, "permessage-deflate"),
            ("permessage-deflate; client_max_window_bits", .contextTakeover, "permessage-deflate"),
            (
                "permessage-deflate; server_no_context_takeover", .contextTakeover,
                "permessage-deflate; server_no_context_takeover"
            ),
            (
                "permessage-deflate; client_max_window_bits", .noContextTakeover,
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            ),
            (
                "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
                DeflateConfiguration(clientMaxWindowBits: 11),
                "permessage-deflate; server_max_window_bits=10; client_max_window_bits=11"
            ),
            // The first offer that can be accepted.
            (
                "permessage-deflate; unknown, x-other; a=1, permessage-deflate; server_max_window_bits=9",
                .contextTakeover, "permessage-deflate; server_max_window_bits=9"
            ),
            // None can.
            ("permessage-deflate; server_max_window_bits=8", .contextTakeover, nil),
            ("permessage-deflate; unknown", .contextTakeover, nil),
            ("permessage-deflate", DeflateConfiguration(clientMaxWindowBits: 11), nil),
            ("x-other", .contextTakeover, nil),
            (nil, .contextTakeover, nil),
            ("permessage-deflate", nil, nil),
        ] as [(String?, DeflateConfiguration?, String?)])
    func answer(offer: String?, compression: DeflateConfiguration?, expected: String?) async throws {
        let seen = Mailbox<[WebSocketExtension]>()
        try await TestServer.with(self.makeRouter(compression, seen: seen)) { server in
            for path in ["/echo", "/read"] {
                try await RawConnection.with(port: server.port) { client in
                    let request =
                        if let offer { Handshake.request(path, Self.offer(offer)) } else { Handshake.request(path) }
                    try await client.send(request)
                    let answer = RawConnection.Answer(head: try await client.readHead(), body: "")
                    #expect(answer.status == 101)
                    #expect(answer.values("Sec-WebSocket-Extensions") == (expected.map { [$0] } ?? []))
                    let extensions = try #require(await seen.next())
                    #expect(extensions.map(\.description) == (expected.map { [$0] } ?? []))
                }
            }
        }
    }

    /// An answer that was refused says nothing about extensions.
    @Test func refusal() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/", configuration: .init(compression: .contextTakeover),
            accept: { _, _ in throw HTTPError(.forbidden) }, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/", Self.offer("permessage-deflate")))
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 403)
                #expect(answer.values("Sec-WebSocket-Extensions") == [])
            }
        }
    }

    // MARK: On the wire

    @Test(arguments: ["/echo", "/read"]) func compressedBothWays(path: String) async throws {
        try await TestServer.with(self.makeRouter(DeflateConfiguration(threshold: 0))) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request(path, Self.offer("permessage-deflate")))
                _ = try await client.readHead()
                try await client.send(Self.masked(0xC1, Self.hello))
                #expect(try await client.read(9) == [0xC1, 7] + Self.hello)
                try await client.send(Self.masked(0xC2, Self.again))
                #expect(try await client.read(7) == [0xC2, 5] + Self.again)
                // Either end may still send as it likes.
                try await client.send(Frame.masked("Hello"))
                let header = try await client.read(2)
                #expect(header[0] == 0xC1 && header[1] <= 5)
                _ = try await client.read(Int(header[1]))
                try await client.send(Frame.maskedClose(1000))
                #expect(try await client.readToEnd() == Frame.close(1000))
            }
        }
    }

    /// Short messages go out as they are.
    @Test func theThreshold() async throws {
        try await TestServer.with(self.makeRouter(.contextTakeover)) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/echo", Self.offer("permessage-deflate")))
                _ = try await client.readHead()
                try await client.send(Self.masked(0xC1, Self.hello))
                #expect(try await client.read(7) == Frame.text("Hello"))
            }
        }
    }

    /// What was not agreed on is an error.
    @Test(arguments: [(nil, .contextTakeover), ("permessage-deflate", nil)] as [(String?, DeflateConfiguration?)])
    func compressedWithoutAnAgreement(offer: String?, compression: DeflateConfiguration?) async throws {
        try await TestServer.with(self.makeRouter(compression)) { server in
            try await RawConnection.with(port: server.port) { client in
                let request = offer.map { Handshake.request("/echo", Self.offer($0)) } ?? Handshake.request("/echo")
                try await client.send(request)
                _ = try await client.readHead()
                try await client.send(Self.masked(0xC1, Self.hello))
                let answer = try await client.read(4)
                #expect(answer[0] == 0x88 && Array(answer[2...]) == [0x03, 0xEA])
            }
        }
    }

    // MARK: With the client

    private static let texts = (0..<20).map { String(repeating: "message \($0) ", count: 1 << $0 % 14) }

    @Test(
        arguments: ["/echo", "/read"],
        [
            (.contextTakeover, .contextTakeover, "permessage-deflate"),
            (
                .noContextTakeover, .contextTakeover,
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            ),
            (
                DeflateConfiguration(serverMaxWindowBits: 10, clientMaxWindowBits: 12),
                DeflateConfiguration(serverMaxWindowBits: 9, clientMaxWindowBits: 13, threshold: 0),
                "permessage-deflate; server_max_window_bits=9; client_max_window_bits=12"
            ),
            (nil, .contextTakeover, nil), (.contextTakeover, nil, nil), (nil, nil, nil),
        ] as [(DeflateConfiguration?, DeflateConfiguration?, String?)])
    func bothEnds(path: String, _ parameters: (DeflateConfiguration?, DeflateConfiguration?, String?)) async throws {
        let (server, client, expected) = parameters
        let seen = Mailbox<[WebSocketExtension]>()
        try await TestServer.with(self.makeRouter(server, seen: seen)) { server in
            let options = DialOptions(
                connectTimeout: .seconds(60), handshakeTimeout: .seconds(60),
                configuration: WebSocketConfiguration(compression: client))
            let socket = try await WebSocketClient.connect(to: server.url(path), options: options)
            #expect(socket.extensions.map(\.description) == (expected.map { [$0] } ?? []))
            let there = try #require(await seen.next())
            #expect(there == socket.extensions)
            var messages = socket.messages.makeAsyncIterator()
            for text in Self.texts {
                try await socket.send(text)
                #expect(try await messages.next() == .text(text))
            }
            try await socket.withMessage(.binary) { writer in
                for text in Self.texts { try await writer.write(ByteBuffer(string: text)) }
            }
            #expect(try await messages.next() == .binary(ByteBuffer(string: Self.texts.joined())))
            #expect(try await socket.close() == Closure(code: 1000, wasClean: true))
        }
    }
}
