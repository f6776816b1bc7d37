import Hummingbird
import Realtime
import RealtimeCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO
import WebSocketServer

@testable import duplex

/// Servers that agree to the rooms' protocol, and do not speak it.
@Suite(.timeLimit(.minutes(1)))
struct RoomSocketTests {
    /// Serves with this what a client asks of the rooms' WebSocket.
    private func with(
        _ serve: @escaping @Sendable (WebSocketConnection) async throws -> Void,
        _ body: (TestServer, RoomAddress) async throws -> Void
    ) async throws {
        let router = Router()
        router.webSocket("/rooms", protocols: [ClientRequest.subprotocol]) { socket, _ in try await serve(socket) }
        try await TestServer.with(router) { server in
            try await body(server, RoomAddress(server.url("/"), room: "chat", member: nil))
        }
    }

    private static let welcome = #"{"type":"welcome"}"#

    /// Whoever only answers pings is given up, and the connection is not kept.
    @Test func aServerWithoutWelcome() async throws {
        let ends = Mailbox<Closure>()
        try await self.with { socket in
            ends.post(await socket.closed)
        } _: { _, address in
            let failure = await #expect(throws: RoomFailure.self) {
                _ = try await RoomSocket(address, DialOptions(), welcomeTime: .milliseconds(20))
            }
            #expect(failure == RoomSocket.noWelcome)
            let end = await ends.next()
            #expect(end?.code == .abnormalClosure)
        }
    }

    @Test(arguments: [#"{"type":"hello"}"#, "hello", #"{"type":"error","code":"forbidden"}"#])
    func aServerThatSaysSomethingElse(_ text: String) async throws {
        let ends = Mailbox<Closure>()
        try await self.with { socket in
            try await socket.send(text)
            ends.post(await socket.closed)
        } _: { _, address in
            let failure = await #expect(throws: RoomFailure.self) { _ = try await RoomSocket(address, DialOptions()) }
            #expect(failure?.isPassing == false)
            let end = await ends.next()
            #expect(end?.code == .abnormalClosure)
        }
    }

    @Test func aWelcome() async throws {
        try await self.with { socket in
            try await socket.send(RoomSocketTests.welcome)
            for try await _ in socket.messages { try await socket.send(#"{"type":"joined"}"#) }
        } _: { _, address in
            var socket = try await RoomSocket(address, DialOptions())
            try await socket.send(Array("{}".utf8))
            let object = try await socket.next()
            #expect(object.string("type") == "joined")
            _ = try await socket.connection.close()
        }
    }

    @Test func aServerThatDoesNotAnswerJoin() async throws {
        try await self.with { socket in
            try await socket.send(RoomSocketTests.welcome)
            for try await _ in socket.messages {}
        } _: { _, address in
            var reading = RoomReading(
                address: address, options: DialOptions(), transport: .websocket, interval: .seconds(1))
            reading.joinTime = .milliseconds(20)
            let error = await #expect(throws: (any Error).self) {
                try await reading.run(from: .init(position: nil, history: 0)) { _ in true }
            }
            #expect(error.map { RoomFailure($0).isPassing } == true)
        }
    }

    /// Sending on a connection that is closing waits for how it ends.
    @Test func sendingOnWhatIsClosed() async throws {
        try await self.with { socket in
            try await socket.send(RoomSocketTests.welcome)
            try await socket.close(code: 4003, reason: "out")
        } _: { _, address in
            let socket = try await RoomSocket(address, DialOptions())
            _ = await socket.connection.closed
            let failure = await #expect(throws: RoomFailure.self) { try await socket.send(Array("{}".utf8)) }
            #expect(failure?.isPassing == false)
        }
    }
}
