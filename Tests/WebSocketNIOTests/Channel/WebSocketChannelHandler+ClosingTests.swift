import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct ClosingTests {
    @Test func peerClosesAServer() throws {
        let it = try Embedded()
        try it.receive(frame(.close, closing(3001, "bye")))
        #expect(try it.sent() == [0x88, 5, 0x0B, 0xB9, 0x62, 0x79, 0x65])
        #expect(!it.channel.isActive)
        #expect(it.recorder.events.last == .closed(Closure(code: 3001, reason: "bye", wasClean: true)))
    }

    @Test func peerClosesAClient() throws {
        let it = try Embedded(.client)
        try it.receive(frame(.close, closing(1001), to: .client))
        #expect(try it.frames().map(\.code) == [.goingAway])
        // The server ends the connection; it is waited for.
        #expect(it.channel.isActive)
        #expect(it.connection.readyState == .closing)
        it.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(it.recorder.events.last == .closed(Closure(code: 1001, wasClean: true)))
    }

    @Test func anEmptyCloseIs1005() throws {
        let it = try Embedded()
        try it.receive(frame(.close))
        #expect(try it.sent() == [0x88, 0])
        #expect(it.connection.closure == Closure(code: 1005, wasClean: true))
    }

    @Test func weClose() throws {
        let it = try Embedded()
        try it.connection.startClosing(code: 4000, reason: "enough")
        try it.connection.startClosing(code: 1000)
        #expect(try it.frames() == [.init(.close, true, Array("enough".utf8), 4000)])
        try it.receive(frame(.close, closing(4000)))
        #expect(!it.channel.isActive)
        #expect(it.connection.closure == Closure(code: 4000, wasClean: true))
        #expect(try it.sent() == [])
    }

    @Test func noAnswerEndsAtTheTimeout() throws {
        let it = try Embedded(configuration: .init(closeTimeout: .seconds(7)))
        try it.connection.startClosing()
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(6999))
        #expect(it.channel.isActive)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!it.channel.isActive)
        #expect(it.recorder.events.last == .closed(.abnormal))
    }

    @Test func anEndlessTimeoutNeedsNoTimer() throws {
        let it = try Embedded(configuration: .init(closeTimeout: .seconds(Int64.max)))
        try it.connection.startClosing()
        #expect(it.handler.deadlineTask == nil)
        #expect(it.channel.isActive)
    }

    @Test func aBrokenRuleIsToldAndThenEverythingIsThrownAway() throws {
        let it = try Embedded()
        try it.receive([0xF1, 0x80])
        #expect(try it.frames().map(\.code) == [.protocolError])
        try it.receive(frame("ignored"))
        #expect(it.recorder.events == [.opened])
        it.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        guard case .closed(let closure)? = it.recorder.events.last else {
            Issue.record("not closed")
            return
        }
        #expect(closure.code == .abnormalClosure && !closure.wasClean && closure.error?.closeCode == .protocolError)
    }

    @Test func whatMayNotBeSentIsRefused() throws {
        let it = try Embedded()
        for code: CloseCode in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
            #expect(throws: ProtocolError.self) { try it.connection.startClosing(code: code) }
        }
        #expect(throws: ProtocolError.self) {
            try it.connection.startClosing(reason: String(repeating: "x", count: 124))
        }
        #expect(it.connection.readyState == .open)
        #expect(try it.sent() == [])
    }

    @Test func sendingStopsAtOnce() throws {
        let it = try Embedded()
        it.connection.trySend("before")
        try it.connection.startClosing()
        #expect(it.connection.trySend("after") == .closed)
        #expect(try it.frames().map(\.opcode) == [.text, .close])
    }

    @Test func nothingFollowsOurClose() throws {
        let it = try Embedded()
        try it.connection.startClosing()
        try it.receive(frame(.ping, [1]))
        #expect(try it.frames().map(\.opcode) == [.close])
    }

    @Test func abortIsNotNested() throws {
        let recorder = Recorder()
        var duringCall: [Recorder.Event] = []
        recorder.onMessage = { connection, _, _ in
            connection.abort()
            duringCall = recorder.events
        }
        let it = try Embedded(recorder: recorder)
        try it.receive(frame("x"))
        #expect(duringCall == [.opened, .message([0x78], .text)])
        #expect(recorder.events.last == .closed(.abnormal))
    }

    @Test func messagesBeforeTheEndReachTheQueue() async throws {
        try await Pair.with { pair in
            try await pair.client.send("one")
            try await pair.client.send("two")
            try pair.client.startClosing()
            var found: [WebSocketMessage] = []
            for try await message in pair.server.messages { found.append(message) }
            #expect(found == [.text("one"), .text("two")])
        }
    }
}
