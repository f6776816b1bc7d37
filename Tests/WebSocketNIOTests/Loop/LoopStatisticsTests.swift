import NIOCore
import NIOPosix
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1)))
struct LoopStatisticsTests {
    @Test func counts() throws {
        let it = try Embedded()
        try it.receive(
            frame("hello") + frame(.text, Array("a".utf8), isFinal: false) + frame(.continuation, Array("b".utf8)))
        try it.receive(frame(.ping, [1]))
        it.connection.trySend("one")
        it.connection.trySend("three")
        let statistics = it.handler.loop.statistics
        #expect(statistics.pointee.messagesReceived == 2)
        #expect(statistics.pointee.bytesReceived == 7)
        #expect(statistics.pointee.messagesSent == 2)
        #expect(statistics.pointee.bytesSent == 8)
        #expect(statistics.pointee.pingsReceived == 1)
        #expect(statistics.pointee.opened == 1)
        #expect(statistics.pointee.open == 1)
        try it.receive(frame(.close, closing(1001)))
        #expect(statistics.pointee.closed == [1001: 1])
        #expect(statistics.pointee.open == 0)
    }

    /// A loop that has no connections says nothing.
    @Test func collect() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let loops = Array(group.makeIterator())
        for (count, loop) in loops.enumerated().dropFirst() {
            try await loop.submit {
                LoopResources.of(loop).statistics.pointee.opened = count
                LoopResources.of(loop).statistics.pointee.closed = [1000: 1, UInt16(1000 + count): 2]
            }.get()
        }
        let sum = await LoopStatistics.collect(from: loops)
        #expect(sum.opened == 3)
        #expect(sum.closed == [1000: 2, 1001: 2, 1002: 2])
        #expect(sum.closedInAll == 6)
        #expect(sum.lag > .zero)
        try await group.shutdownGracefully()
    }
}
