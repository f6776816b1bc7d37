import Hummingbird
import NIOCore
import Synchronization
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO
import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct WebSocketServerChannelTests {
    // MARK: Shutting down

    @Test(arguments: ["/read", "/echo"])
    func shutdownClosesWith1001(path: String) async throws {
        try await TestServer.with(echoRouter()) { server in
            var sockets: [WebSocketConnection] = []
            for _ in 0..<3 { sockets.append(try await WebSocketClient.connect(to: server.url(path))) }
            await server.shutDown()
            for socket in sockets {
                #expect(
                    await socket.closed == Closure(code: 1001, reason: "the server shuts down", wasClean: true))
            }
            // And `with` waits for the server's end.
        }
    }

    /// Frames of the closing handshake, and a WebSocket that was the second request of its connection.
    @Test func shutdownOnTheWire() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.get("/page"))
                #expect(try await client.readAnswer().body == "a page")
                try await client.send(Handshake.request())
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                await server.shutDown()
                let close = Frame.close(1001, "the server shuts down")
                #expect(try await client.read(close.count) == close)
                try await client.send(Frame.maskedClose(1001))
                #expect(try await client.readToEnd() == [])
            }
        }
    }

    /// Connections without a request, or between two, end with the server.
    @Test func shutdownOfIdleConnections() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { new in
                try await RawConnection.with(port: server.port) { kept in
                    try await kept.send(Handshake.get("/page"))
                    #expect(try await kept.readAnswer().body == "a page")
                    await server.shutDown()
                    #expect(try await kept.readToEnd() == [])
                }
                #expect(try await new.readToEnd() == [])
            }
        }
    }

    /// A handshake whose route is still thinking is refused.
    @Test func shutdownWhileDeciding() async throws {
        let router = Router(context: BasicRequestContext.self)
        let asked = Mailbox<Void>()
        let granted = Mailbox<Void>()
        router.webSocket(
            "/",
            accept: { _, _ in
                asked.post(())
                _ = await granted.next()
                return .accept(())
            }, events: { _ in Echo() })
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/"))
                _ = await asked.next()
                await server.shutDown()
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 503)
                #expect(answer.body == "the server shuts down\n")
                granted.post(())
            }
        }
    }

    // MARK: What stays behind

    private final class WeakList<Object: AnyObject & Sendable>: Sendable {
        private struct Entry {
            weak var object: Object?
        }

        private let entries = Mutex<[Entry]>([])

        func append(_ object: Object) { self.entries.withLock { $0.append(Entry(object: object)) } }
        var count: Int { self.entries.withLock { $0.count } }
        var living: Int { self.entries.withLock { $0.count { $0.object != nil } } }
    }

    /// How a connection ends, from the client's side.
    enum Ending: CaseIterable { case closed, lost, failed }

    @Test(arguments: Ending.allCases, [false, true])
    func nothingIsLeft(ending: Ending, isKeptAlive: Bool) async throws {
        let router = echoRouter()
        let freed = Mailbox<Void>()
        let connections = WeakList<WebSocketConnection>()
        let handlers = WeakList<TrackedEcho>()
        router.webSocket(
            "/tracked",
            events: { socket in
                let handler = TrackedEcho(onDeinit: { freed.post(()) })
                connections.append(socket)
                handlers.append(handler)
                return handler
            })
        router.webSocket("/read-tracked") { socket, _ in
            let handler = TrackedEcho(onDeinit: { freed.post(()) })
            connections.append(socket)
            handlers.append(handler)
            for try await message in socket.messages { try await socket.send(message) }
            withExtendedLifetime(handler) {}
        }
        try await TestServer.with(router) { server in
            for path in ["/tracked", "/read-tracked"] {
                try await RawConnection.with(port: server.port) { client in
                    if isKeptAlive {
                        try await client.send(Handshake.get("/page"))
                        #expect(try await client.readAnswer().status == 200)
                    }
                    try await client.send(Handshake.request(path))
                    #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                    try await client.send(Frame.masked("hi"))
                    #expect(try await client.read(4) == Frame.text("hi"))
                    switch ending {
                    case .closed:
                        try await client.send(Frame.maskedClose(1000))
                        #expect(try await client.readToEnd() == Frame.close(1000))
                    case .lost: client.close()
                    case .failed:
                        // A frame that is not masked.
                        try await client.send([0x81, 0])
                        #expect(try await client.readToEnd().starts(with: [0x88]))
                    }
                }
                _ = await freed.next()
            }
            #expect(handlers.count == 2)
            #expect(handlers.living == 0)
            #expect(connections.count == 2)
            // What a loop or a task holds to the end of its turn is gone after some turns; a leak never is.
            let deadline = ContinuousClock.now + .seconds(20)
            while connections.living > 0, ContinuousClock.now < deadline { await Task.yield() }
        }
        #expect(connections.living == 0)
    }
}
