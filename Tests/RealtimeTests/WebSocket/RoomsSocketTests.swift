import Hummingbird
import NIOCore
import RealtimeCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketServer

@testable import Realtime

/// `duplex.v1` through real sockets; what is said is tested in `HubClientTests`.
@Suite(.timeLimit(.minutes(1))) struct RoomsSocketTests {
    private struct It: Sendable {
        let hub: RealtimeHub
        let port: Int
        let room: RoomName

        func connect(
            as member: String = "ann", session: String? = nil, compression: DeflateConfiguration? = nil
        ) async throws -> Client {
            let query = "as=\(member)" + (session.map { "&session=\($0)" } ?? "")
            let options = DialOptions(
                protocols: [ClientRequest.subprotocol], configuration: .init(compression: compression))
            let socket = try await WebSocketClient.connect(
                to: "ws://127.0.0.1:\(self.port)/rooms?\(query)", options: options)
            return Client(socket: socket)
        }

        func publish(_ data: String) async throws {
            try await self.hub.publish(Array(data.utf8), in: self.room)
        }
    }

    private final class Client {
        let socket: WebSocketConnection
        private var messages: WebSocketConnection.Messages.AsyncIterator

        init(socket: WebSocketConnection) {
            self.socket = socket
            self.messages = socket.messages.makeAsyncIterator()
        }

        func say(_ text: String) async throws { try await self.socket.send(text) }

        func next() async throws -> String {
            guard case .text(let text)? = try await self.messages.next() else { throw Ended() }
            return text
        }
    }

    private struct Ended: Error {}

    private func with(
        _ configuration: HubConfiguration = HubConfiguration(), socket: WebSocketConfiguration = .init(),
        _ body: (It) async throws -> Void
    ) async throws {
        let hub = RealtimeHub(configuration: configuration)
        let router = Router()
        router.roomsSocket(hub, configuration: socket) { request, _ in
            guard let name = request.uri.queryParameters["as"] else { return .refused(.unauthorized, "who are you?") }
            return .known(Identity(member: try MemberID(name)))
        }
        try await TestServer.with(router, server: .webSocket()) { server in
            try await body(It(hub: hub, port: server.port, room: try RoomName("chat")))
        }
    }

    /// Two connections, of which one has agreed on compression, see the same messages in the same order.
    @Test func messages() async throws {
        try await self.with(socket: .init(compression: .noContextTakeover)) { it in
            let plain = try await it.connect()
            let compressed = try await it.connect(as: "bob", compression: .noContextTakeover)
            for client in [plain, compressed] {
                #expect(try await client.next().hasPrefix(#"{"type":"welcome""#))
                try await client.say(#"{"type":"join","id":1,"room":"chat"}"#)
                #expect(try await client.next().hasPrefix(#"{"type":"joined","id":1,"room":"chat""#))
            }
            let long = String(repeating: "long ", count: 200)
            for number in 0..<20 { try await it.publish(#"{"number":\#(number),"text":"\#(long)"}"#) }
            for number in 0..<20 {
                let (first, second) = (try await plain.next(), try await compressed.next())
                #expect(first == second)
                #expect(first.contains(#""data":{"number":\#(number),"#))
            }
        }
    }

    @Test func session() async throws {
        try await self.with { it in
            let first = try await it.connect()
            let welcome = try await first.next()
            let session = String(welcome.split(separator: "\"")[7])
            let second = try await it.connect(session: session)
            #expect(try await second.next().contains(#""resumed":true"#))
            #expect(await first.socket.closed.code.rawValue == 4001)
            it.hub.disconnect(try MemberID("ann"))
            #expect(await second.socket.closed.code.rawValue == 4003)
        }
    }

    /// A binary message is none of the protocol; without a name one does not come in.
    @Test func refused() async throws {
        try await self.with { it in
            let client = try await it.connect()
            _ = try await client.next()
            try await client.socket.send(ByteBuffer(string: "{}"))
            #expect(await client.socket.closed.code == .unsupportedData)
            await #expect(throws: DialError.self) {
                try await WebSocketClient.connect(to: "ws://127.0.0.1:\(it.port)/rooms")
            }
        }
    }

    /// A client that reads nothing for a while: what it has missed comes from the log, all of it and in order.
    @Test func slow() async throws {
        let socket = WebSocketConfiguration(sendBuffer: 8 << 10, maxSendBuffer: 16 << 10)
        let policy = HubConfiguration(policy: { _ in
            RoomPolicy(settings: RoomSettings(log: LogLimits(maxBytes: 64 << 20)))
        })
        try await self.with(policy, socket: socket) { it in
            let client = try await it.connect()
            _ = try await client.next()
            try await client.say(#"{"type":"join","room":"chat"}"#)
            _ = try await client.next()
            // More than the sockets of both ends and the reader's queue hold.
            let text = String(repeating: "x", count: 50_000)
            for number in 0..<500 { try await it.publish(#"{"number":\#(number),"text":"\#(text)"}"#) }
            for number in 0..<500 {
                let message = try await client.next()
                #expect(message.contains(#""offset":\#(number + 1),"#))
            }
        }
    }
}
