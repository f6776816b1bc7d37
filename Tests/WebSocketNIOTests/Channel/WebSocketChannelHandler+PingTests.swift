import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct PingTests {
    @Test func theAnswerTakesItsTime() throws {
        let it = try Embedded()
        var outcome: Result<Duration, any Error>?
        it.handler.ping([1, 2, 3], LoopWait()) { outcome = $0 }
        #expect(try it.sent() == [0x89, 3, 1, 2, 3])
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(40))
        try it.receive(frame(.pong, [9]))
        #expect(outcome == nil)
        try it.receive(frame(.pong, [1, 2, 3]))
        let time = try outcome?.get()
        #expect(time == .milliseconds(40))
    }

    @Test func aPongAnswersThePingsBeforeIt() throws {
        let it = try Embedded()
        var answered: [Int] = []
        for number in 1...3 { it.handler.ping(nil, LoopWait()) { _ in answered.append(number) } }
        let payloads = try it.frames().map(\.payload)
        #expect(Set(payloads).count == 3)
        try it.receive(frame(.pong, payloads[1]))
        #expect(answered == [1, 2])
        try it.receive(frame(.pong, payloads[1]))
        #expect(answered == [1, 2])
        try it.receive(frame(.pong, payloads[2]))
        #expect(answered == [1, 2, 3])
    }

    @Test func theEndFailsAllPings() throws {
        let it = try Embedded()
        var outcome: Result<Duration, any Error>?
        it.handler.ping(nil, LoopWait()) { outcome = $0 }
        try it.channel.close().wait()
        #expect(throws: WebSocketError.self) { try outcome?.get() }
        it.handler.ping(nil, LoopWait()) { outcome = $0 }
        #expect(throws: WebSocketError.self) { try outcome?.get() }
    }

    @Test func givenUp() throws {
        let it = try Embedded()
        let wait = LoopWait()
        var outcome: Result<Duration, any Error>?
        it.handler.ping(nil, wait) { outcome = $0 }
        it.handler.giveUp(LoopWait())
        #expect(outcome == nil)
        it.handler.giveUp(wait)
        #expect(throws: CancellationError.self) { try outcome?.get() }
        #expect(it.handler.pings.isEmpty)
    }
}
