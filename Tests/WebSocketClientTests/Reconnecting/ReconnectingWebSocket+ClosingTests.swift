import NIOCore
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

@Suite(.timeLimit(.minutes(1)))
struct ReconnectingWebSocketClosingTests {
    /// Asks, and sees that the other end gives up.
    private static func keepWaiting(_ isAsked: Gate, _ isGone: Gate) -> RawServer.Serve {
        { connection in
            _ = try await connection.readHead()
            isAsked.open()
            #expect(try await connection.readToEnd() == [])
            isGone.open()
        }
    }

    // MARK: Closed

    @Test func beforeItRuns() async throws {
        try await Reconnector.with("ws://unused.invalid/", before: { try $0.close() }) { it in
            #expect(await it.failure() == nil)
            #expect(await it.next(1) == [.ended])
            try await self.expectClosed(it.socket)
        }
    }

    @Test func whileDown() async throws {
        try await RawServer.with([RawServer.lose]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.waiting)
                _ = await it.clock.slept()
                try it.socket.close()
                // Without any time that passes.
                #expect(await it.failure() == nil)
                #expect(await it.next(1) == [.ended])
                try await self.expectClosed(it.socket)
            }
        }
    }

    @Test func whileConnecting() async throws {
        let (isAsked, isGone) = (Gate(), Gate())
        try await RawServer.with([Self.keepWaiting(isAsked, isGone)]) { server in
            let options = DialOptions(handshakeTimeout: .seconds(3600))
            try await Reconnector.with(server.url(), options: options) { it in
                await isAsked.wait()
                try it.socket.close()
                #expect(await it.failure() == nil)
                #expect(await it.next(2) == [.connecting(1), .ended])
                await isGone.wait()
                try await self.expectClosed(it.socket)
            }
        }
    }

    @Test func whileAnAttemptIsPrepared() async throws {
        let isAsked = Gate()
        let never = Gate()
        let prepare: Reconnector.Prepare = { _ in
            isAsked.open()
            await never.wait()
        }
        try await Reconnector.with("ws://unused.invalid/", prepare: prepare) { it in
            await isAsked.wait()
            try it.socket.close()
            #expect(await it.failure() == nil)
            #expect(await it.next(2) == [.connecting(1), .ended])
        }
    }

    /// What was sent goes out before.
    @Test func whileUp() async throws {
        let frames = Mailbox<ClientFrame>()
        let serve: RawServer.Serve = { connection in
            try await connection.acceptHandshake()
            for _ in 0..<2 { frames.post(try await connection.readFrame()) }
            try await connection.send(Frame.close(4000))
        }
        try await RawServer.with([serve]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.connected)
                let connection = try #require(it.socket.connection)
                #expect(it.socket.trySend(.text("last")) == .sent)
                try it.socket.close(code: CloseCode(rawValue: 4000), reason: "bye")
                // The first counts.
                try it.socket.close(code: CloseCode(rawValue: 4001))
                #expect(it.socket.trySend(.text("later")) == .closed)
                #expect(await frames.next() == .text("last"))
                #expect(await frames.next() == .close(4000, "bye"))
                #expect(await it.failure() == nil)
                #expect(connection.closure == Closure(code: 4000, wasClean: true))
                #expect(await it.next(1) == [.ended])
                try await self.expectClosed(it.socket)
            }
        }
    }

    /// At any moment of an attempt: it always ends.
    @Test func whenever() async throws {
        try await SocketServer.with { server in
            for turn in 0..<100 {
                try await Reconnector.with(server.url()) { it in
                    for _ in 0..<turn { await Task.yield() }
                    try it.socket.close()
                    #expect(await it.failure() == nil)
                }
            }
        }
    }

    /// The peer's code does not matter any more.
    @Test func bothAtOnce() async throws {
        let serve: RawServer.Serve = { connection in
            try await connection.acceptHandshake()
            _ = try await connection.readFrame()
            try await connection.send(Frame.close(1008, "no"))
        }
        try await RawServer.with([serve]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.connected)
                try it.socket.close()
                #expect(await it.failure() == nil)
            }
        }
    }

    @Test(
        arguments: [(1005, ""), (1006, ""), (999, ""), (1000, String(repeating: "x", count: 124))] as [(UInt16, String)]
    )
    func notAllowed(code: UInt16, reason: String) async throws {
        try await RawServer.with([RawServer.hold]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.connected)
                #expect(throws: ProtocolError.self) {
                    try it.socket.close(code: CloseCode(rawValue: code), reason: reason)
                }
                #expect(it.socket.connection?.readyState == .open)
                #expect(it.socket.trySend(.text("x")) == .sent)
            }
        }
    }

    private func expectClosed(_ socket: ReconnectingWebSocket) async throws {
        guard case .ended = socket.state else {
            Issue.record("\(socket.state)")
            return
        }
        #expect(socket.connection == nil)
        #expect(socket.trySend(.text("x")) == .closed)
        await #expect(throws: WebSocketError(.closed(nil))) { try await socket.send(.text("x")) }
        await #expect(throws: WebSocketError(.closed(nil))) { try await socket.waitForConnection() }
        var messages = socket.messages.makeAsyncIterator()
        #expect(try await messages.next() == nil)
        try socket.close()
    }

    // MARK: Cancelled

    @Test func cancelledWhileUp() async throws {
        let frames = Mailbox<ClientFrame>()
        let serve: RawServer.Serve = { connection in
            try await connection.acceptHandshake()
            frames.post(try await connection.readFrame())
            try await connection.send(Frame.close(1001))
        }
        try await RawServer.with([serve]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.connected)
                it.run.cancel()
                #expect(await frames.next() == .close(1001))
                #expect(await it.failure() is CancellationError)
                #expect(await it.next(1) == [.ended])
                #expect(it.socket.trySend(.text("x")) == .closed)
            }
        }
    }

    @Test func cancelledWhileDown() async throws {
        try await RawServer.with([RawServer.lose]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.waiting)
                it.run.cancel()
                #expect(await it.failure() is CancellationError)
                #expect(await it.next(1) == [.ended])
            }
        }
    }

    @Test func cancelledWhileConnecting() async throws {
        let (isAsked, isGone) = (Gate(), Gate())
        try await RawServer.with([Self.keepWaiting(isAsked, isGone)]) { server in
            try await Reconnector.with(server.url()) { it in
                await isAsked.wait()
                it.run.cancel()
                #expect(await it.failure() is CancellationError)
                await isGone.wait()
                #expect(await it.next(2) == [.connecting(1), .ended])
            }
        }
    }

    @Test func cancelledBeforeItRuns() async throws {
        let socket = ReconnectingWebSocket("ws://unused.invalid/")
        let run = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await socket.run()
        }
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(socket.trySend(.text("x")) == .closed)
    }

    /// At any moment of an attempt: it always ends, and the server sees it.
    @Test func cancelledWhenever() async throws {
        try await SocketServer.with { server in
            for turn in 0..<100 {
                try await Reconnector.with(server.url()) { it in
                    for _ in 0..<turn { await Task.yield() }
                    it.run.cancel()
                    #expect(await it.failure() is CancellationError)
                }
            }
        }
    }
}
