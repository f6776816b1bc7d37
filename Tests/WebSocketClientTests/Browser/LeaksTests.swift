import NIOCore
import NIOPosix
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// A WebSocket is held by what is going on, and by nothing when that is over.
@Suite(.timeLimit(.minutes(1)))
struct LeaksTests {
    /// Waits until it is gone: what runs on the loop or in a task may hold it a moment longer.
    private func expectGone(_ reference: @escaping () -> AnyObject?) async throws {
        while reference() != nil { try await MultiThreadedEventLoops.turn() }
    }

    @Test(arguments: [true, false])
    func afterTheCloseEvent(isClean: Bool) async throws {
        try await SocketServer.with(
            answer: { _ in isClean ? [:] : ["Sec-WebSocket-Accept": "wrong"] }
        ) { server in
            weak var gone: WebSocket?
            do {
                let ws = try WebSocket(server.url())
                gone = ws
                // All of them hold it.
                ws.onopen = { _ in try? ws.close() }
                ws.onmessage = { _ in _ = ws.url }
                ws.onerror = { _ in _ = ws.url }
                ws.addEventListener(.close, once: true) { _ in _ = ws.url }
                _ = await ws.told().all()
                // Too late, and not kept.
                ws.onmessage = { _ in _ = ws.url }
                ws.addEventListener(.message) { _ in _ = ws.url }
            }
            try await self.expectGone { gone }
        }
    }

    /// Nobody ever listened.
    @Test func withoutHandlers() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("x") + Frame.close(1000))
            _ = try await connection.readFrame()
        } _: { server in
            weak var gone: WebSocket?
            do {
                let ws = try WebSocket(server.url())
                gone = ws
                while ws.readyState != .closed { try await ws.eventLoop.submit {}.get() }
            }
            try await self.expectGone { gone }
        }
    }

    /// Given up while connecting.
    @Test func givenUp() async throws {
        try await RawServer.with { connection in
            _ = try await connection.readToEnd()
        } _: { server in
            weak var gone: WebSocket?
            do {
                let ws = try WebSocket(server.url())
                gone = ws
                ws.onclose = { _ in _ = ws.url }
                try ws.close()
            }
            try await self.expectGone { gone }
        }
    }
}

private enum MultiThreadedEventLoops {
    /// Lets all event loops do what they have to.
    static func turn() async throws {
        for loop in NIOSingletons.posixEventLoopGroup.makeIterator() { try await loop.submit {}.get() }
    }
}
