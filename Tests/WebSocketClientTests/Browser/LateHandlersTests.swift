import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// Handlers are set after the constructor has begun to connect, from another thread than the events come on: none may be missed.
@Suite(.timeLimit(.minutes(1)))
struct LateHandlersTests {
    /// A server that sends a message right behind its answer, and closes.
    private static func withQuickServer<T: Sendable>(
        _ bytes: [UInt8] = Frame.text("hello") + Frame.close(1000), _ body: (RawServer) async throws -> T
    ) async throws -> T {
        try await RawServer.with(
            serve: { connection in
                // A client that gave up is none of our business here.
                try? await connection.acceptHandshake(followedBy: bytes)
                _ = try? await connection.readFrame()
            }, body)
    }

    @Test func twoHundredTimes() async throws {
        try await LateHandlersTests.withQuickServer { server in
            for _ in 0..<200 {
                let ws = try WebSocket(server.url())
                let told = Mailbox<Told>()
                ws.onopen = { _ in told.post(.open) }
                ws.onmessage = { told.post(.message($0.data)) }
                ws.onclose = { told.post(.close($0.code, $0.reason, wasClean: $0.wasClean)) }
                let all = await told.all()
                #expect(all == [.open, .text("hello"), .close(1000)])
            }
        }
    }

    /// All has happened before the first one is set.
    @Test func afterTheEnd() async throws {
        try await LateHandlersTests.withQuickServer { server in
            let ws = try WebSocket(server.url())
            while ws.readyState != .closed { try await ws.eventLoop.submit {}.get() }
            let all = await ws.told().all()
            #expect(all == [.open, .text("hello"), .close(1000)])
            #expect(ws.onclose == nil)
        }
    }

    /// The unluckiest order of two threads: the first handler has been called before the next one is set.
    @Test func oneByOne() async throws {
        try await LateHandlersTests.withQuickServer { server in
            let ws = try WebSocket(server.url())
            let told = Mailbox<Told>()
            ws.onopen = { _ in told.post(.open) }
            #expect(await told.next() == .open)
            while ws.readyState != .closed { try await ws.eventLoop.submit {}.get() }
            ws.onmessage = { told.post(.message($0.data)) }
            #expect(await told.next() == .text("hello"))
            ws.onclose = { told.post(.close($0.code, $0.reason, wasClean: $0.wasClean)) }
            #expect(await told.next() == .close(1000))
        }
    }

    /// A failure, too.
    @Test func failure() async throws {
        try await RawServer.with { connection in
            _ = try? await connection.readHead()
        } _: { server in
            let ws = try WebSocket(server.url())
            while ws.readyState != .closed { try await ws.eventLoop.submit {}.get() }
            let all = await ws.told().all()
            #expect(all == [.error, .failed])
        }
    }

    /// On the event loop, handlers that are set in one go are there together, in whichever order.
    @Test func togetherOnTheLoop() async throws {
        try await LateHandlersTests.withQuickServer { server in
            let ws = try WebSocket(server.url())
            while ws.readyState != .closed { try await ws.eventLoop.submit {}.get() }
            let told = Mailbox<Told>()
            try await ws.eventLoop.submit {
                ws.onclose = { told.post(.close($0.code, $0.reason, wasClean: $0.wasClean)) }
                ws.onmessage = { told.post(.message($0.data)) }
                ws.onopen = { _ in told.post(.open) }
            }.get()
            let all = await told.all()
            #expect(all == [.open, .text("hello"), .close(1000)])
        }
    }

    /// Without any handler the peer is slowed down; then all comes, in order.
    @Test func muchBeforeTheFirst() async throws {
        let count = 64
        let payload = [UInt8](repeating: 7, count: 256 << 10)
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            for _ in 0..<count { try await connection.send(Frame.any(.binary, payload)) }
            try await connection.send(Frame.close(1000))
            _ = try await connection.readFrame()
        } _: { server in
            let ws = try WebSocket(server.url())
            while ws.readyState == .connecting { try await ws.eventLoop.submit {}.get() }
            let told = ws.told()
            #expect(await told.next() == .open)
            for _ in 0..<count { #expect(await told.next() == .message(.blob(Blob(payload)))) }
            #expect(await told.next() == .close(1000))
        }
    }

    /// After `close`, what was kept is too late.
    @Test func closedBeforeTheFirst() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("hello"))
            try await connection.finishClosing()
        } _: { server in
            let ws = try WebSocket(server.url())
            while ws.readyState == .connecting { try await ws.eventLoop.submit {}.get() }
            try ws.close(code: 1000)
            let all = await ws.told().all()
            #expect(all == [.close(1000)])
        }
    }
}
