import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

/// A WebSocket on a channel without sockets: what is told when, exactly.
struct WebSocketTests {
    /// A connection that was handed over as a server does it, with a log of what is told.
    private final class Setup: @unchecked Sendable {
        let it: Embedded
        let ws: WebSocket
        var told: [String] = []

        init(
            _ role: Role = .client, configuration: WebSocketConfiguration = .init(), listen: Bool = true
        ) throws {
            self.it = try Embedded(role, configuration: configuration)
            self.ws = self.it.connection.webSocket
            if listen { self.listen() }
            self.run()
        }

        func listen() {
            self.ws.onopen = { _ in self.told.append("open") }
            self.ws.onmessage = { self.told.append("\($0.data)") }
            self.ws.onerror = { self.told.append("error: \($0.message)") }
            self.ws.onclose = { self.told.append("close \($0.code) \($0.reason) \($0.wasClean)") }
        }

        func run() { self.it.channel.embeddedEventLoop.run() }

        func receive(_ bytes: [UInt8]) throws { try self.it.receive(bytes) }
    }

    @Test func aLife() throws {
        let setup = try Setup()
        #expect(setup.told == ["open"])
        #expect(
            setup.ws.readyState == .open && setup.ws.url == "" && setup.ws.protocol == "" && setup.ws.extensions == "")
        #expect("\(setup.ws)" == "WebSocket(, open)")
        try setup.receive(frame("hello", to: .client) + frame(.close, closing(3000, "bye"), to: .client))
        #expect(setup.told == ["open", "hello"])
        #expect(setup.ws.readyState == .closing)
        #expect(try setup.it.frames().map(\.code) == [3000])
        setup.it.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(setup.told == ["open", "hello", "close 3000 bye true"])
        #expect(setup.ws.readyState == .closed)
        #expect(setup.ws.onopen == nil)
    }

    /// Nothing is told before what set the handlers is done.
    @Test func notWithinASetter() throws {
        let setup = try Setup(listen: false)
        try setup.receive(frame("1", to: .client))
        setup.listen()
        #expect(setup.told == [])
        // What comes now waits behind what is kept.
        try setup.it.channel.writeInbound(ByteBuffer(bytes: frame("2", to: .client)))
        setup.run()
        #expect(setup.told == ["open", "1", "2"])
    }

    /// Each kind waits for its own first handler, until the close event.
    @Test func eachKindWaits() throws {
        let setup = try Setup(listen: false)
        try setup.receive(frame("1", to: .client) + [0x83, 0])
        setup.it.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(setup.ws.readyState == .closed)
        setup.ws.onerror = { _ in setup.told.append("error") }
        setup.run()
        #expect(setup.told == ["error"])
        setup.ws.onmessage = { setup.told.append("\($0.data)") }
        setup.run()
        setup.ws.onclose = { setup.told.append("close \($0.code)") }
        setup.run()
        // The close event was the last.
        setup.ws.onopen = { _ in setup.told.append("open") }
        setup.run()
        #expect(setup.told == ["error", "1", "close 1006"])
    }

    /// Once there was a handler, a message without one goes nowhere.
    @Test func takenAway() throws {
        let setup = try Setup()
        setup.ws.onmessage = nil
        try setup.receive(frame("1", to: .client))
        setup.ws.onmessage = { setup.told.append("\($0.data)") }
        try setup.receive(frame("2", to: .client))
        #expect(setup.told == ["open", "2"])
    }

    // MARK: Much without a reader

    private let small = WebSocketConfiguration(receiveBuffer: 1000)
    private func message(_ number: Int) -> [UInt8] {
        frame("\(number)" + String(repeating: "x", count: 400), to: .client)
    }

    @Test func withoutAnyHandlerReadingStops() throws {
        let setup = try Setup(configuration: self.small, listen: false)
        for number in 0..<10 { try setup.receive(self.message(number)) }
        #expect(setup.it.handler.mustNotRead)
        #expect(setup.ws.onLoop.kept.messages.count == 2)
        setup.it.channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(setup.it.handler.mustNotRead)
        setup.listen()
        setup.run()
        #expect(setup.told.map { $0.prefix(1) } == ["o"] + (0..<10).map { "\($0)" })
        #expect(!setup.it.handler.mustNotRead)
    }

    /// A handler for something else, and none for messages: it has a second to come.
    @Test func aHandlerForMessagesHasASecond() throws {
        for comes in [true, false] {
            let setup = try Setup(configuration: self.small, listen: false)
            setup.ws.onopen = { _ in setup.told.append("open") }
            for number in 0..<10 { try setup.receive(self.message(number)) }
            setup.it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
            #expect(setup.it.handler.mustNotRead)
            if comes { setup.ws.onmessage = { setup.told.append(String("\($0.data)".prefix(1))) } }
            setup.run()
            #expect(setup.told.count == (comes ? 11 : 1))
            setup.it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
            #expect(!setup.it.handler.mustNotRead)
            #expect(setup.ws.onLoop.kept.messages.isEmpty)
            // It only sends; it hears of later ones when it listens later.
            try setup.receive(self.message(8))
            setup.ws.onmessage = { setup.told.append(String("\($0.data)".prefix(1))) }
            try setup.receive(self.message(9))
            #expect(setup.told == (comes ? ["open"] + (0...9).map { "\($0)" } + ["8", "9"] : ["open", "9"]))
        }
    }

    // MARK: Sending

    /// What a handler sends leaves when it returns.
    @Test func oneWriteForAHandler() throws {
        let setup = try Setup(.server)
        setup.ws.onmessage = { event in
            try? event.target.send("1")
            try? event.target.send([2])
            setup.told.append("\(event.target.bufferedAmount)")
        }
        try setup.receive(frame("x"))
        #expect(try setup.it.writes() == [[0x81, 1, 0x31, 0x82, 1, 2]])
        #expect(setup.told == ["open", "2"])
        #expect(setup.ws.bufferedAmount == 0)
    }

    @Test func closesOnce() throws {
        let setup = try Setup(.server)
        try setup.ws.close(code: 3000, reason: "why")
        try setup.ws.close(code: 3001)
        try setup.ws.send("late")
        #expect(setup.ws.bufferedAmount == 4)
        #expect(try setup.it.frames() == [.init(.close, true, Array("why".utf8), 3000)])
        #expect(setup.ws.readyState == .closing)
        try setup.receive(frame("dropped") + frame(.close, closing(3000, "why")))
        #expect(setup.told == ["open", "close 3000 why true"])
        #expect(setup.ws.bufferedAmount == 4)
    }

    /// A broken rule, with the peer told by a Close frame, is 1006 here all the same.
    @Test func failed() throws {
        let setup = try Setup(.server)
        try setup.receive([0x83, 0x80, 0, 0, 0, 0])
        #expect(setup.ws.readyState == .closing)
        setup.it.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(setup.told.count == 3 && setup.told[1].hasPrefix("error: the connection was failed: "))
        #expect(setup.told.last == "close 1006  false")
    }

    /// A connection that is there is open at once, before it has been handed over.
    @Test func openAtOnce() throws {
        let it = try Embedded(.server)
        let ws = it.connection.webSocket
        #expect(ws.readyState == .open)
        try ws.send("x")
        #expect(ws.bufferedAmount == 1)
        #expect(try it.frames().map(\.payload) == [[0x78]])
        #expect(ws.bufferedAmount == 0)
    }

    /// The same from within a read: what is sent leaves at the read's end, before it has been handed over.
    @Test func openAtOnceWithinARead() throws {
        let recorder = Recorder()
        var ws: WebSocket?
        recorder.onMessage = { connection, _, _ in
            ws = connection.webSocket
            #expect(throws: Never.self) { try ws?.send("x") }
        }
        let it = try Embedded(recorder: recorder)
        try it.receive(frame("1"))
        #expect(try it.frames().map(\.payload) == [[0x78]])
        #expect(ws?.bufferedAmount == 0)
    }
}
