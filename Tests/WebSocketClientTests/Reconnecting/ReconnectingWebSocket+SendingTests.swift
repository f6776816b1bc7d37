import NIOCore
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

@Suite(.timeLimit(.minutes(1)))
struct ReconnectingWebSocketSendingTests {
    /// Posts what comes, until so much has come.
    private static func take(_ count: Int, into frames: Mailbox<ClientFrame>) -> RawServer.Serve {
        { connection in
            try await connection.acceptHandshake()
            for _ in 0..<count { frames.post(try await connection.readFrame()) }
        }
    }

    private func texts(_ count: Int, of frames: Mailbox<ClientFrame>) async -> [String] {
        var texts: [String] = []
        while texts.count < count, let frame = await frames.next() {
            texts.append(String(decoding: frame.payload, as: UTF8.self))
        }
        return texts
    }

    @Test func whileUp() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with([Self.take(3, into: frames)]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.connected)
                #expect(it.socket.trySend(.text("a")) == .sent)
                try await it.socket.send(.binary(ByteBuffer(bytes: [1, 2])))
                try await it.socket.send(.text("b"))
                #expect(await frames.next() == .text("a"))
                #expect(await frames.next() == ClientFrame(opcode: .binary, payload: [1, 2]))
                #expect(await frames.next() == .text("b"))
            }
        }
    }

    /// Nothing that was accepted is lost by attempts that fail, by whatever they fail.
    @Test func goesOutInOrder() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with([RawServer.fail, RawServer.refuse("503 No"), Self.take(8, into: frames)]) { server in
            let socket = Mailbox<ReconnectingWebSocket>()
            let before = { (it: ReconnectingWebSocket) in
                socket.post(it)
                #expect(it.trySend(.text("0")) == .slow)
            }
            // While an attempt is made, too.
            let prepare: Reconnector.Prepare = { attempt in
                if attempt.number == 3 { throw CancellationError() }
                guard attempt.number == 4 else { return }
                #expect(await socket.next()?.trySend(.text("3")) == .slow)
            }
            try await Reconnector.with(server.url(), prepare: prepare, before: before) { it in
                await it.reach(.waiting)
                #expect(it.socket.trySend(.text("1")) == .slow)
                await it.clock.passSleep()
                await it.reach(.waiting)
                try await it.socket.send(.text("2"))
                await it.clock.passSleep()
                await it.reach(.waiting)
                await it.clock.passSleep()
                await it.reach(.connected)
                for text in ["4", "5", "6", "7"] { try await it.socket.send(.text(text)) }
                #expect(await self.texts(8, of: frames) == (0..<8).map { "\($0)" })
            }
        }
    }

    /// From several tasks, while the connection comes: each one's in its order, all of them, once.
    @Test func whileItComesUp() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with([Self.take(2000, into: frames)]) { server in
            try await Reconnector.with(server.url()) { it in
                await withTaskGroup(of: Void.self) { group in
                    for sender in 0..<4 {
                        group.addTask {
                            for number in 0..<500 {
                                #expect([.sent, .slow].contains(it.socket.trySend(.text("\(sender) \(number)"))))
                                if number % 16 == 0 { await Task.yield() }
                            }
                        }
                    }
                }
                let texts = await self.texts(2000, of: frames)
                for sender in 0..<4 {
                    let own = texts.filter { $0.hasPrefix("\(sender) ") }
                    #expect(own == (0..<500).map { "\(sender) \($0)" })
                }
            }
        }
    }

    /// Behind the server's Close frame the next connection gets it.
    @Test func whileItIsClosing() async throws {
        let frames = Mailbox<ClientFrame>()
        let isClosing = Gate()
        let mayEnd = Gate()
        let serve: RawServer.Serve = { connection in
            try await connection.acceptHandshake(followedBy: Frame.close(1001))
            #expect(try await connection.readFrame() == .close(1001))
            isClosing.open()
            await mayEnd.wait()
        }
        try await RawServer.with([serve, Self.take(2, into: frames)]) { server in
            try await Reconnector.with(server.url()) { it in
                await isClosing.wait()
                #expect(it.socket.trySend(.text("a")) == .slow)
                try await it.socket.send(.text("b"))
                mayEnd.open()
                await it.clock.passSleep()
                #expect(await self.texts(2, of: frames) == ["a", "b"])
            }
        }
    }

    // MARK: The bound

    @Test func full() async throws {
        let frames = Mailbox<ClientFrame>()
        let most = 2 * ReconnectingWebSocket.messageOverhead + 3
        try await RawServer.with([RawServer.fail, Self.take(3, into: frames), RawServer.hold]) { server in
            try await Reconnector.with(server.url(), maxQueuedBytes: most) { it in
                await it.reach(.waiting)
                #expect(it.socket.trySend(.text("\u{E9}")) == .slow)
                #expect(it.socket.trySend(.binary(ByteBuffer(bytes: [1, 2]))) == .full)
                #expect(it.socket.trySend(.binary(ByteBuffer(bytes: [1]))) == .slow)
                // Empty ones count as well.
                #expect(it.socket.trySend(.text("")) == .full)
                let error = await #expect(throws: WebSocketError.self) { try await it.socket.send(.text("")) }
                #expect(error?.isClosed == false)
                #expect(error.map { "\($0)" } == "more than \(most) bytes wait for the peer")
                await it.clock.passSleep()
                await it.reach(.connected)
                // What went out has left room.
                #expect(
                    it.socket.trySend(.text("more than could wait: \(String(repeating: "x", count: most))")) == .sent)
                #expect(await frames.next() == .text("\u{E9}"))
                #expect(await frames.next() == ClientFrame(opcode: .binary, payload: [1]))
                #expect(await frames.next()?.payload.count == most + 22)
                await it.reach(.waiting)
                #expect(it.socket.trySend(.text("\u{E9}x")) == .slow)
                #expect(it.socket.trySend(.text("")) == .slow)
                #expect(it.socket.trySend(.text("")) == .full)
            }
        }
    }

    /// Never more than a connection takes at once.
    @Test func boundedByTheConnection() {
        let options = DialOptions(configuration: .init(maxSendBuffer: 1000))
        #expect(ReconnectingWebSocket("ws://a", options: options).maxQueuedBytes == 1000)
        #expect(ReconnectingWebSocket("ws://a", options: options, maxQueuedBytes: 10).maxQueuedBytes == 10)
        #expect(ReconnectingWebSocket("ws://a").maxQueuedBytes == ReconnectingWebSocket.defaultMaxQueuedBytes)
    }

    @Test func filledToTheLastByte() async throws {
        let frames = Mailbox<ClientFrame>()
        let size = 100
        let options = DialOptions(
            configuration: .init(
                sendBuffer: 2, maxSendBuffer: 10 * (size + ReconnectingWebSocket.messageOverhead)))
        try await RawServer.with([Self.take(10, into: frames)]) { server in
            let before = { (socket: ReconnectingWebSocket) in
                for number in 0..<10 {
                    #expect(socket.trySend(.binary(ByteBuffer(repeating: UInt8(number), count: size))) == .slow)
                }
                #expect(socket.trySend(.text("")) == .full)
            }
            try await Reconnector.with(server.url(), options: options, before: before) { _ in
                for number in 0..<10 { #expect(await frames.next()?.payload.first == UInt8(number)) }
            }
        }
    }

    /// Options that an attempt gets cannot leave behind what was accepted.
    @Test func lessRoomThanWaits() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with([Self.take(3, into: frames)]) { server in
            let prepare: Reconnector.Prepare = { $0.options.configuration.maxSendBuffer = 1 }
            let before = { (socket: ReconnectingWebSocket) in
                for text in ["a", "b", "c"] { #expect(socket.trySend(.text(text)) == .slow) }
            }
            try await Reconnector.with(server.url(), prepare: prepare, before: before) { _ in
                #expect(await self.texts(3, of: frames) == ["a", "b", "c"])
            }
        }
    }
}
