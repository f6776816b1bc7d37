import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct WebSocketChannelHandlerTests {
    @Test func lifeOfAConnection() throws {
        let it = try Embedded()
        #expect(it.recorder.events == [.opened])
        #expect(it.connection.readyState == .open)
        try it.channel.close().wait()
        #expect(it.recorder.events == [.opened, .closed(.abnormal)])
        #expect(it.connection.readyState == .closed)
        #expect(it.connection.closure == .abnormal)
        #expect(it.handler.connection == nil)
    }

    @Test func theEndIsToldOnce() throws {
        let it = try Embedded()
        it.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        it.channel.pipeline.fireChannelInactive()
        it.channel.embeddedEventLoop.run()
        #expect(it.recorder.events.count == 2)
    }

    @Test func peerEndsItsSide() throws {
        let it = try Embedded()
        it.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        it.channel.embeddedEventLoop.run()
        #expect(it.recorder.events == [.opened, .closed(.abnormal)])
        #expect(!it.channel.isActive)
    }

    @Test func quiescingSaysGoingAway() throws {
        let it = try Embedded()
        it.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(try it.frames().map(\.code) == [.goingAway])
        #expect(it.connection.readyState == .closing)
        // A peer that does not answer is cut after 3 seconds.
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(2900))
        #expect(it.channel.isActive)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(200))
        #expect(!it.channel.isActive)
    }

    @Test func readsWaitWhileTheSocketIsFull() throws {
        let it = try Embedded()
        let reads = ReadCounter()
        try it.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        it.channel.isWritable = false
        it.channel.pipeline.fireChannelWritabilityChanged()
        it.channel.pipeline.read()
        it.channel.pipeline.read()
        #expect(reads.count == 0)
        #expect(it.connection.trySend("x") == .slow)
        it.channel.isWritable = true
        it.channel.pipeline.fireChannelWritabilityChanged()
        #expect(reads.count == 1)
        #expect(it.recorder.events == [.opened, .drained])
        it.channel.pipeline.read()
        #expect(reads.count == 2)
    }

    /// If both ends stopped reading while they cannot write, they would wait for each other for ever.
    @Test func aClientReadsThoughTheSocketIsFull() throws {
        let it = try Embedded(.client)
        let reads = ReadCounter()
        try it.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        it.channel.isWritable = false
        it.channel.pipeline.fireChannelWritabilityChanged()
        it.channel.pipeline.read()
        #expect(reads.count == 1)
    }

    @Test func ofPingsTheNewestIsAnsweredWhenThereIsRoom() throws {
        let it = try Embedded(.client)
        it.channel.isWritable = false
        it.channel.pipeline.fireChannelWritabilityChanged()
        try it.receive(frame(.ping, [1], to: .client) + frame(.ping, [2], to: .client))
        #expect(try it.frames() == [])
        it.channel.isWritable = true
        it.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try it.frames() == [.init(.pong, true, [2])])
    }

    @Test func aClosingConnectionReadsEvenWhenFull() throws {
        let it = try Embedded()
        let reads = ReadCounter()
        try it.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        it.channel.isWritable = false
        it.channel.pipeline.fireChannelWritabilityChanged()
        it.channel.pipeline.read()
        #expect(reads.count == 0)
        try it.connection.startClosing()
        it.channel.embeddedEventLoop.run()
        #expect(reads.count == 1)
    }

    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var count = 0
        func read(context: ChannelHandlerContext) {
            self.count += 1
            context.read()
        }
    }
}
