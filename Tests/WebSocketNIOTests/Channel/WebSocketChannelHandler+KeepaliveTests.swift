import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

/// Time by hand: a ping when nothing has come for more than the interval, the end when nothing comes behind it.
struct KeepaliveTests {
    private func embedded(
        _ role: Role = .server, interval: Duration = .seconds(3), timeout: Duration = .seconds(2),
        receiveBuffer: Int = WebSocketConfiguration.defaultReceiveBuffer
    ) throws -> Embedded {
        try Embedded(
            role,
            configuration: .init(
                receiveBuffer: receiveBuffer, keepalive: .init(interval: interval, timeout: timeout)))
    }

    private func advance(_ it: Embedded, _ seconds: Int64) {
        for _ in 0..<seconds { it.channel.embeddedEventLoop.advanceTime(by: .seconds(1)) }
    }

    @Test(arguments: [Role.server, .client])
    func aPingAfterTheInterval(role: Role) throws {
        let it = try self.embedded(role)
        self.advance(it, 3)
        #expect(try it.frames() == [])
        self.advance(it, 1)
        #expect(try it.frames() == [.init(.ping, true, [])])
        // Only one.
        self.advance(it, 1)
        #expect(try it.frames() == [])
    }

    @Test func anythingThatArrivesIsASign() throws {
        let it = try self.embedded()
        for bytes in [frame("x"), frame(.ping, [1]), frame(.pong), [0x81]] {
            self.advance(it, 3)
            #expect(try it.frames() == [])
            try it.receive(bytes)
            _ = try it.frames()
        }
        self.advance(it, 3)
        #expect(try it.frames() == [])
        self.advance(it, 1)
        #expect(try it.frames().map(\.opcode) == [.ping])
    }

    /// A peer that takes what is sent to it is alive, though its pong has to wait behind a long upload.
    @Test func takingIsASign() throws {
        let it = try self.embedded(.client)
        for left in stride(from: 20_000, to: 0, by: -1000) {
            it.handler.hot.pointee.heldBytes = left
            self.advance(it, 1)
        }
        #expect(try it.frames() == [])
        // It takes no more.
        self.advance(it, 4)
        #expect(try it.frames().map(\.opcode) == [.ping])
        self.advance(it, 2)
        #expect(it.connection.closure?.error == ProtocolError(.noPong))
    }

    /// A handler's server does not read while the socket is full; a peer that is gone is found out all the same.
    @Test func aFullSocketHidesNobody() throws {
        let it = try self.embedded(.server)
        it.channel.isWritable = false
        it.channel.pipeline.fireChannelWritabilityChanged()
        #expect(it.handler.mustNotRead)
        self.advance(it, 6)
        #expect(it.connection.closure?.error == ProtocolError(.noPong))
    }

    /// It is pinged again and again, as long as it answers.
    @Test func anAnswerBeginsTheIntervalAnew() throws {
        let it = try self.embedded()
        for _ in 0..<5 {
            self.advance(it, 4)
            #expect(try it.frames().map(\.opcode) == [.ping])
            self.advance(it, 1)
            try it.receive(frame(.pong))
        }
        #expect(it.connection.readyState == .open)
    }

    @Test(arguments: [Role.server, .client])
    func noAnswer(role: Role) throws {
        let it = try self.embedded(role)
        self.advance(it, 5)
        #expect(try it.frames().map(\.opcode) == [.ping])
        #expect(it.connection.readyState == .open)
        self.advance(it, 1)
        #expect(!it.channel.isActive)
        let closure = it.connection.closure
        #expect(closure?.code == .abnormalClosure && closure?.wasClean == false)
        #expect(closure?.error == ProtocolError(.noPong))
        #expect(it.recorder.events == [.opened, .closed(closure ?? .abnormal)])
        // It is told, in case that the peer hears after all.
        #expect(try it.frames().map(\.opcode) == [.close])
        // Nobody is looked at any more.
        self.advance(it, 2)
        #expect(it.handler.loop.sweep.count == 0)
        #expect(!it.handler.loop.sweep.isScheduled)
    }

    /// The browser's API: an error, then 1006.
    @Test func noAnswerInTheBrowsersAPI() throws {
        let it = try self.embedded()
        let ws = it.connection.webSocket
        var told: [String] = []
        nonisolated(unsafe) let note: (String) -> Void = { told.append($0) }
        ws.onerror = { note($0.message) }
        ws.onclose = { note("\($0.code) \($0.wasClean)") }
        self.advance(it, 6)
        #expect(told.count == 2 && told.last == "1006 false")
        #expect(told.first?.contains("\(ProtocolError(.noPong))") == true)
    }

    /// What is not read cannot be heard: while this end does not read, the peer is not given up; then it has the whole time again.
    @Test func notWhileReadingIsStopped() throws {
        let it = try self.embedded()
        it.handler.setPaused(true)
        self.advance(it, 60)
        #expect(try it.frames() == [])
        it.handler.setPaused(false)
        self.advance(it, 3)
        #expect(try it.frames() == [])
        self.advance(it, 1)
        #expect(try it.frames().map(\.opcode) == [.ping])
    }

    /// Stopped with a ping under way.
    @Test func readingStopsBehindThePing() throws {
        let it = try self.embedded()
        self.advance(it, 4)
        #expect(try it.frames().map(\.opcode) == [.ping])
        it.handler.setPaused(true)
        self.advance(it, 60)
        #expect(it.channel.isActive)
        it.handler.setPaused(false)
        try it.receive(frame(.pong))
        self.advance(it, 3)
        #expect(try it.frames() == [])
        self.advance(it, 1)
        #expect(try it.frames().map(\.opcode) == [.ping])
    }

    /// The closing handshake has its own time-out.
    @Test func noPingWhileClosing() throws {
        let it = try self.embedded()
        try it.connection.startClosing()
        self.advance(it, 9)
        #expect(try it.frames().map(\.opcode) == [.close])
        #expect(it.connection.closure == nil)
        self.advance(it, 1)
        #expect(it.connection.closure == .abnormal)
    }

    @Test func nothingWithoutConfiguration() throws {
        let it = try Embedded()
        self.advance(it, 1000)
        #expect(try it.frames() == [])
        #expect(it.handler.loop.sweep.count == 0 && !it.handler.loop.sweep.isScheduled)
    }

    /// An interval without an end is none.
    @Test func anEndlessInterval() throws {
        let it = try self.embedded(interval: .seconds(Int64.max), timeout: .seconds(Int64.max))
        self.advance(it, 1000)
        #expect(try it.frames() == [])
        #expect(it.channel.isActive)
    }

    /// A connection that ends is let go of at the next look.
    @Test func theEnd() throws {
        weak var gone: WebSocketChannelHandler?
        let loop: LoopResources
        do {
            let it = try self.embedded()
            (gone, loop) = (it.handler, it.handler.loop)
            it.connection.abort()
            it.channel.embeddedEventLoop.run()
            #expect(it.connection.closure == .abnormal)
            self.advance(it, 1)
        }
        #expect(loop.sweep.count == 0)
        #expect(gone == nil)
    }

    @Test func pongsOfPingsByTheUserStillCome() async throws {
        try await Pair.with(server: .init(keepalive: .init(interval: .seconds(60), timeout: .seconds(60)))) { pair in
            let time = try await pair.server.ping()
            #expect(time >= .zero)
        }
    }
}
