import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// The checklist's `close/`, `closing-handshake/` and `interfaces/CloseEvent/`.
@Suite(.timeLimit(.minutes(1)))
struct CloseTests {
    /// What an echo server's socket tells when it is closed like this, once it is open.
    private func closing(code: Int? = nil, reason: String = "") async throws -> [Told] {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onopen = { _ in #expect(throws: Never.self) { try ws.close(code: code, reason: reason) } }
            let all = await told.all()
            #expect(ws.readyState == .closed)
            return all
        }
    }

    /// Close-1000, Close-1000-verify-code, Close-1000-reason, Close-3000-reason, Close-3000-verify-code, Close-4999-reason,
    /// clean-close: the server sends the same back.
    @Test(arguments: [(1000, ""), (1000, "Clean Close"), (3000, ""), (3000, "Clean Close"), (4999, "Clean Close")])
    func aCodeComesBack(code: Int, reason: String) async throws {
        let told = try await self.closing(code: code, reason: reason)
        #expect(told == [.open, .close(code, reason)])
    }

    /// Close-1005-verify-code, Close-undefined, closing-handshake/003.
    @Test func noCodeIs1005() async throws {
        let told = try await self.closing()
        #expect(told == [.open, .close(1005)])
    }

    /// A reason cannot be sent without a code.
    @Test func onlyAReason() async throws {
        let told = try await self.closing(reason: "why")
        #expect(told == [.open, .close(1000, "why")])
    }

    /// Close-Reason-124Bytes, and what just fits; counted in UTF-8.
    @Test(arguments: [String(repeating: "a", count: 123), String(repeating: "é", count: 61)])
    func theLongestReason(reason: String) async throws {
        let told = try await self.closing(code: 1000, reason: reason)
        #expect(told == [.open, .close(1000, reason)])
    }

    /// Close-1005, Close-2999-reason, close-invalid, Close-onlyReason (which JavaScript makes the code 0 of), Close-Reason-124Bytes.
    @Test(
        arguments: [
            (0, "", .invalidAccessError), (500, "", .invalidAccessError), (999, "", .invalidAccessError),
            (1001, "", .invalidAccessError), (1005, "", .invalidAccessError), (1006, "", .invalidAccessError),
            (2999, "", .invalidAccessError), (5000, "", .invalidAccessError), (65536 + 1000, "", .invalidAccessError),
            (-1, "", .invalidAccessError), (Int.max, "", .invalidAccessError), (Int.min, "", .invalidAccessError),
            (1000, String(repeating: "a", count: 124), .syntaxError),
            (1000, String(repeating: "é", count: 62), .syntaxError),
            (nil, String(repeating: "a", count: 124), .syntaxError),
            // The code is looked at first.
            (1, String(repeating: "a", count: 124), .invalidAccessError),
        ] as [(Int?, String, DOMException.Name)])
    func refused(code: Int?, reason: String, name: DOMException.Name) async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            // In each state: nothing happens.
            #expect(throws: DOMException.self) { try ws.close(code: code, reason: reason) }
            #expect(await told.next() == .open)
            let error = #expect(throws: DOMException.self) { try ws.close(code: code, reason: reason) }
            #expect(error?.name == name)
            #expect(ws.readyState == .open)
            try ws.close()
            #expect(await told.next() == .close(1005))
            #expect(throws: DOMException.self) { try ws.close(code: code, reason: reason) }
        }
    }

    /// Close-delayed, Close-readyState-Closing: the close event comes behind the peer's Close frame and the end of the connection.
    @Test func theCloseEventWaitsForThePeer() async throws {
        let hasClose = Gate()
        let mayAnswer = Gate()
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            let frame = try await connection.readFrame()
            #expect(frame == .close(1000, "bye"))
            hasClose.open()
            await mayAnswer.wait()
            try await connection.send(Frame.close(1000, "bye"))
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onclose = { event in #expect(event.target.readyState == .closed) }
            #expect(await told.next() == .open)
            try ws.close(code: 1000, reason: "bye")
            #expect(ws.readyState == .closing)
            await hasClose.wait()
            #expect(ws.readyState == .closing)
            mayAnswer.open()
            #expect(await told.next() == .close(1000, "bye"))
            #expect(ws.readyState == .closed)
        }
    }

    /// Close-server-initiated-close: the server closes at "Goodbye". closing-handshake/002.
    @Test(arguments: [(nil, ""), (1000, ""), (1001, "going"), (4001, "mine")] as [(UInt16?, String)])
    func theServerCloses(code: UInt16?, reason: String) async throws {
        let answers = Mailbox<ClientFrame>()
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            let goodbye = try await connection.readFrame()
            #expect(goodbye == .text("Goodbye"))
            try await connection.send(code.map { Frame.close($0, reason) } ?? Frame.any(.close, []))
            answers.post(try await connection.readFrame())
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onopen = { _ in try? ws.send("Goodbye") }
            let all = await told.all()
            #expect(all == [.open, .close(code.map { Int($0) } ?? 1005, reason)])
            #expect(ws.readyState == .closed)
            // The code is answered with itself.
            let answer = await answers.next()
            #expect(answer?.opcode == .close)
            #expect(answer?.payload.prefix(2).map { Int($0) } == (code.map { [Int($0 >> 8), Int($0 & 0xFF)] } ?? []))
        }
    }

    /// closing-handshake/004: what comes when this end has closed is not handed on.
    @Test func messagesBehindTheOwnCloseAreDropped() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            let frame = try await connection.readFrame()
            try await connection.send(
                Frame.text("late") + Frame.any(.binary, [1]) + Frame.any(.close, frame.payload))
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onopen = { _ in try? ws.close(code: 1000) }
            let all = await told.all()
            #expect(all == [.open, .close(1000)])
        }
    }

    /// What comes behind the peer's Close frame is not handed on either.
    @Test func messagesBehindThePeersCloseAreDropped() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(
                followedBy: Frame.text("in time") + Frame.close(1000) + Frame.text("late"))
            _ = try await connection.readFrame()
        } _: { server in
            let told = try WebSocket(server.url()).told()
            let all = await told.all()
            #expect(all == [.open, .text("in time"), .close(1000)])
        }
    }

    /// close-basic and 1006: the connection ends without a closing handshake.
    @Test func lost() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            let frame = try await connection.readFrame()
            #expect(frame == .text("now"))
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onerror = { event in
                #expect((event.error as? WebSocketError)?.isClosed == true)
                #expect(event.target.readyState == .closed)
            }
            ws.onopen = { _ in try? ws.send("now") }
            let all = await told.all()
            #expect(all == [.open, .error, .failed])
        }
    }

    /// The peer never answers the Close frame: it is cut off, and that was not clean.
    @Test func noAnswer() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            _ = try await connection.readToEnd()
        } _: { server in
            let options = DialOptions(configuration: .init(closeTimeout: .milliseconds(1)))
            let ws = try WebSocket(server.url(), options: options)
            let told = ws.told()
            ws.onopen = { _ in try? ws.close() }
            let all = await told.all()
            #expect(all == [.open, .error, .failed])
        }
    }

    /// A server's odd code: the connection is failed, and the error says why.
    @Test(arguments: [1005, 1006, 0, 999, 5000] as [UInt16])
    func aCodeThatMustNotBeSent(code: UInt16) async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.close(code))
            _ = try await connection.readToEnd()
        } _: { server in
            let options = DialOptions(configuration: .init(closeTimeout: .milliseconds(1)))
            let ws = try WebSocket(server.url(), options: options)
            let told = ws.told()
            ws.onerror = { event in #expect((event.error as? WebSocketError)?.closure?.error != nil) }
            let all = await told.all()
            #expect(all == [.open, .error, .failed])
        }
    }
}
