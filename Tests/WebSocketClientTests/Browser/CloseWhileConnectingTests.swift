import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketNIO

/// The checklist's `interfaces/WebSocket/close/`.
@Suite(.timeLimit(.minutes(1)))
struct CloseWhileConnectingTests {
    /// close-connecting, close-connecting-async: CLOSING at once, then an error event and a close event, neither within `close`.
    @Test(arguments: [nil, 1000, 4000] as [Int?])
    func whileTheServerThinks(code: Int?) async throws {
        let isAsked = Gate()
        let isGone = Gate()
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            isAsked.open()
            let rest = try await connection.readToEnd()
            #expect(rest == [])
            isGone.open()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onerror = { event in
                #expect("\(event.error)" == "closed before the connection was open")
                #expect(ws.readyState == .closed)
            }
            #expect(ws.readyState == .connecting)
            await isAsked.wait()
            #expect(ws.readyState == .connecting)
            try ws.close(code: code)
            let all = await told.all()
            #expect(all == [.error, .failed])
            #expect(ws.readyState == .closed)
            await isGone.wait()
        }
    }

    /// On the event loop nothing is nested: what `close` causes comes behind it.
    @Test func notWithinTheCall() async throws {
        try await RawServer.with { connection in
            _ = try await connection.readToEnd()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            let state = try await ws.eventLoop.submit {
                try ws.close()
                return ws.readyState
            }.get()
            #expect(state == .closing)
            let all = await told.all()
            #expect(all == [.error, .failed])
        }
    }

    /// Right behind the constructor, before anything can have been connected; many times, to meet all orders.
    @Test func rightAway() async throws {
        try await SocketServer.with { server in
            for _ in 0..<100 {
                let ws = try WebSocket(server.url())
                try ws.close()
                #expect(ws.readyState != .connecting && ws.readyState != .open)
                let all = await ws.told().all()
                #expect(all == [.error, .failed])
            }
        }
    }

    /// While others are being connected to the same host.
    @Test func whileItWaitsForItsTurn() async throws {
        let isAsked = Gate()
        let mayAnswer = Gate()
        try await SocketServer.with(answer: { _ in
            isAsked.open()
            await mayAnswer.wait()
            return [:]
        }) { server in
            let first = try WebSocket(server.url())
            let firstTold = first.told()
            await isAsked.wait()
            let second = try WebSocket(server.url())
            try second.close()
            let all = await second.told().all()
            #expect(all == [.error, .failed])
            mayAnswer.open()
            #expect(await firstTold.next() == .open)
        }
    }

    /// close-basic: a connection that did not come about was not clean.
    @Test func nobodyListens() async throws {
        let port = try await RawServer.with(serve: { _ in }) { $0.port }
        let ws = try WebSocket("ws://127.0.0.1:\(port)")
        let told = ws.told()
        ws.onerror = { #expect($0.error is DialError) }
        let all = await told.all()
        #expect(all == [.error, .failed])
    }

    /// close-multiple, close-return: one close event, with what was given first.
    @Test func several() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            let ends = Mailbox<Int>()
            #expect(await told.next() == .open)
            ws.onclose = { ends.post($0.code) }
            try ws.close(code: 3001)
            try ws.close(code: 3002)
            try ws.close()
            #expect(await told.next() == .close(3001))
            try ws.close(code: 3003)
            try await ws.eventLoop.submit { ends.post(0) }.get()
            #expect(await ends.next() == 3001)
            #expect(await ends.next() == 0)
        }
    }

    /// close-nested: `close` within onclose does nothing.
    @Test func nested() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let ends = Mailbox<Int>()
            ws.onopen = { _ in try? ws.close(code: 3000) }
            ws.onclose = { event in
                #expect(throws: Never.self) { try ws.close(code: 3001) }
                #expect(ws.readyState == .closed)
                ends.post(event.code)
            }
            #expect(await ends.next() == 3000)
            try await ws.eventLoop.submit { ends.post(0) }.get()
            #expect(await ends.next() == 0)
        }
    }

    /// Within onerror too.
    @Test func withinOnerror() async throws {
        try await RawServer.with { connection in
            _ = try await connection.readHead()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onerror = { _ in try? ws.close() }
            let all = await told.all()
            #expect(all == [.error, .failed])
        }
    }
}
