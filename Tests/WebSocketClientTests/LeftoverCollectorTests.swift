import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketClient

struct LeftoverCollectorTests {
    /// What arrives behind the collector, in order.
    private final class Log: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private(set) var lines: [String] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.lines.append(String(buffer: self.unwrapInboundIn(data)))
        }

        func channelReadComplete(context: ChannelHandlerContext) { self.lines.append("complete") }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { self.lines.append("inputClosed") }
        }
    }

    private func make() throws -> (EmbeddedChannel, LeftoverCollector, Log) {
        let (collector, log) = (LeftoverCollector(), Log())
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([collector, log])
        return (channel, collector, log)
    }

    @Test func handsOnWhenRemoved() throws {
        let (channel, collector, log) = try self.make()
        channel.pipeline.fireChannelRead(ByteBuffer(string: "ab"))
        channel.pipeline.fireChannelRead(ByteBuffer(string: "cd"))
        #expect(!log.lines.contains("ab"))
        try channel.pipeline.syncOperations.removeHandler(collector).wait()
        #expect(log.lines == ["abcd", "complete"])
        channel.pipeline.fireChannelRead(ByteBuffer(string: "ef"))
        #expect(log.lines == ["abcd", "complete", "ef"])
    }

    @Test func nothingCollected() throws {
        let (channel, collector, log) = try self.make()
        try channel.pipeline.syncOperations.removeHandler(collector).wait()
        #expect(log.lines == [])
    }

    /// That the peer has ended its side is told behind its bytes, not before.
    @Test(arguments: ["", "ab"])
    func inputClosed(bytes: String) throws {
        let (channel, collector, log) = try self.make()
        if !bytes.isEmpty { channel.pipeline.fireChannelRead(ByteBuffer(string: bytes)) }
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(log.lines == [])
        try channel.pipeline.syncOperations.removeHandler(collector).wait()
        #expect(log.lines == (bytes.isEmpty ? [] : ["ab", "complete"]) + ["inputClosed"])
    }
}
