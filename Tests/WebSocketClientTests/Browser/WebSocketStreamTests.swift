import HTTPTypes
import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// The checklist's `stream/tentative/`: constructor, close, remote-close, abort. Back pressure is in
/// `WebSocketStreamBackPressureTests`.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketStreamTests {
    // MARK: constructor

    @Test(arguments: ["", "invalid", "ftp://127.0.0.1", "ws://127.0.0.1/#fragment"])
    func badAddress(url: String) async {
        await #expect(throws: DialError.self) { try await WebSocketStream.connect(url) }
    }

    @Test func messagesBothWays() async throws {
        try await SocketServer.with { server in
            let stream = try await WebSocketStream.connect(server.url())
            #expect(stream.protocol == "" && stream.extensions == "")
            try await stream.send("hello")
            try await stream.send(ByteBuffer(bytes: [1, 2]))
            try await stream.send(.text("end"))
            var found: [WebSocketMessage] = []
            for try await message in stream.messages {
                found.append(message)
                if message == .text("end") { break }
            }
            #expect(found == [.text("hello"), .binary(ByteBuffer(bytes: [1, 2])), .text("end")])
            let closure = try await stream.close()
            #expect(closure == Closure(code: 1000, wasClean: true))
        }
    }

    @Test func protocols() async throws {
        try await SocketServer.with(answer: { _ in ["Sec-WebSocket-Protocol": "beta"] }) { server in
            let stream = try await WebSocketStream.connect(
                server.url(), options: DialOptions(protocols: ["alpha", "beta"]))
            #expect(stream.protocol == "beta")
            _ = try await stream.close()
            await #expect(throws: DialError.self) {
                try await WebSocketStream.connect(server.url(), options: DialOptions(protocols: ["alpha"]))
            }
        }
    }

    /// constructor: a refused handshake.
    @Test func notFound() async throws {
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            try await connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        } _: { server in
            let error = await #expect(throws: DialError.self) { try await WebSocketStream.connect(server.url()) }
            #expect(error?.refusal?.response.status == .notFound)
        }
    }

    // MARK: close

    /// close: the code and the reason reach the server and come back.
    @Test(arguments: [(1000, ""), (3000, "bye"), (4999, String(repeating: "é", count: 61))] as [(CloseCode, String)])
    func codeAndReason(code: CloseCode, reason: String) async throws {
        try await SocketServer.with(serve: SocketServer.silent) { server in
            let stream = try await WebSocketStream.connect(server.url())
            let closure = try await stream.close(code: code, reason: reason)
            #expect(closure == Closure(code: code, reason: reason, wasClean: true))
            #expect(await stream.closed == closure)
            // The sequence ends, and nothing can be sent.
            for try await _ in stream.messages { Issue.record("a message") }
            await #expect(throws: WebSocketError.self) { try await stream.send("late") }
        }
    }

    @Test(
        arguments: [(1005, ""), (1006, ""), (999, ""), (1000, String(repeating: "a", count: 124))]
            as [(CloseCode, String)])
    func refusedCodeOrReason(code: CloseCode, reason: String) async throws {
        try await SocketServer.with { server in
            let stream = try await WebSocketStream.connect(server.url())
            await #expect(throws: ProtocolError.self) { try await stream.close(code: code, reason: reason) }
            try await stream.send("still open")
            var messages = stream.messages.makeAsyncIterator()
            let message = try await messages.next()
            #expect(message == .text("still open"))
        }
    }

    /// close with delayed-passive-close: `closed` waits for the peer.
    @Test func closedWaitsForThePeer() async throws {
        let (hasClose, mayAnswer) = (Gate(), Gate())
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            let frame = try await connection.readFrame()
            #expect(frame == .close(1000))
            hasClose.open()
            await mayAnswer.wait()
            try await connection.send(Frame.close(1000))
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            async let closure = stream.close()
            await hasClose.wait()
            #expect(stream.connection.closure == nil)
            mayAnswer.open()
            let found = try await closure
            #expect(found.wasClean)
        }
    }

    /// remote-close: clean, with the code and reason of the peer; messages before it are read first.
    @Test(arguments: [(nil, ""), (1000, ""), (4001, "reason")] as [(UInt16?, String)])
    func remoteClose(code: UInt16?, reason: String) async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(
                followedBy: Frame.text("last words")
                    + (code.map { Frame.close($0, reason) } ?? Frame.any(.close, [])))
            _ = try await connection.readFrame()
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            var found: [WebSocketMessage] = []
            for try await message in stream.messages { found.append(message) }
            #expect(found == [.text("last words")])
            #expect(
                await stream.closed == Closure(code: CloseCode(rawValue: code ?? 1005), reason: reason, wasClean: true))
        }
    }

    /// remote-close: an end without a Close frame is an error, to the reader and in `closed`.
    @Test func remoteEnd() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("x"))
            _ = try await connection.readFrame()
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            try await stream.send("now")
            var messages = stream.messages.makeAsyncIterator()
            let message = try await messages.next()
            #expect(message == .text("x"))
            do {
                _ = try await messages.next()
                Issue.record("no error")
            } catch {
                #expect((error as? WebSocketError)?.closure == .abnormal)
            }
            #expect(await stream.closed == .abnormal)
        }
    }

    // MARK: abort

    @Test func cancelledBefore() async throws {
        try await SocketServer.with { server in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await WebSocketStream.connect(server.url())
            }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func cancelledDuringTheHandshake() async throws {
        let (isAsked, isGone) = (Gate(), Gate())
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            isAsked.open()
            let rest = try await connection.readToEnd()
            #expect(rest == [])
            isGone.open()
        } _: { server in
            let task = Task { try await WebSocketStream.connect(server.url()) }
            await isAsked.wait()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await isGone.wait()
        }
    }

    /// abort after open: cancelling the task that connected changes nothing once it is done.
    @Test func cancelledAfterwards() async throws {
        try await SocketServer.with { server in
            let task = Task { try await WebSocketStream.connect(server.url()) }
            let stream = try await task.value
            task.cancel()
            try await stream.send("x")
            var messages = stream.messages.makeAsyncIterator()
            let message = try await messages.next()
            #expect(message == .text("x"))
        }
    }

    @Test func cancelledWhileReading() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("1"))
            frames.post(try await connection.readFrame())
            try await connection.send(Frame.close(1001))
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            let isReading = Gate()
            let task = Task {
                for try await _ in stream.messages { isReading.open() }
            }
            await isReading.wait()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(await frames.next() == .close(1001))
            #expect(await stream.closed == Closure(code: 1001, wasClean: true))
        }
    }

    /// A task that is cancelled already sends nothing.
    @Test func cancelledBeforeSending() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            frames.post(try await connection.readFrame())
            try await connection.send(Frame.close(1001))
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await stream.send("x")
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(await frames.next() == .close(1001))
            #expect(await stream.closed.wasClean)
        }
    }

    /// Nobody holds the stream any more: it says good-bye.
    @Test func letGo() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("x"))
            frames.post(try await connection.readFrame())
            try await connection.send(Frame.close(1001))
        } _: { server in
            weak var gone: WebSocketStream?
            let connection: WebSocketConnection
            do {
                let stream = try await WebSocketStream.connect(server.url())
                (gone, connection) = (stream, stream.connection)
                // An iterator holds it; then that goes, too.
                var messages = stream.messages.makeAsyncIterator()
                let message = try await messages.next()
                #expect(message == .text("x"))
            }
            #expect(gone == nil)
            #expect(await frames.next() == .close(1001))
            #expect(await connection.closed == Closure(code: 1001, wasClean: true))
        }
    }

    /// Who waits for the end holds it.
    @Test func heldByWhoWaits() async throws {
        let mayClose = Gate()
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            await mayClose.wait()
            try await connection.send(Frame.close(3000))
            let frame = try await connection.readFrame()
            #expect(frame == .close(3000))
        } _: { server in
            var stream: WebSocketStream? = try await WebSocketStream.connect(server.url())
            let isWaiting = Gate()
            let task = Task { [stream] in
                isWaiting.open()
                return await stream!.closed
            }
            stream = nil
            await isWaiting.wait()
            mayClose.open()
            #expect(await task.value.code == 3000)
        }
    }
}
