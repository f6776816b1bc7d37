import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

struct WebSocketChannelHandlerRatesTests {
    typealias Rates = WebSocketConfiguration.Rates

    /// Counts the reads that come through.
    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = Never
        private(set) var count = 0

        func read(context: ChannelHandlerContext) {
            self.count += 1
            context.read()
        }
    }

    private func make(_ rates: Rates) throws -> (Embedded, ReadCounter) {
        let it = try Embedded(configuration: WebSocketConfiguration(rates: rates))
        let reads = ReadCounter()
        try it.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        return (it, reads)
    }

    /// Within the rate nothing happens; beyond, the socket is left alone until it is paid.
    @Test func messagesAreDelayed() throws {
        let (it, reads) = try self.make(Rates(messages: .init(perSecond: 10, burst: 5)))
        try it.receive((0..<5).flatMap { frame("\($0)") })
        it.channel.read()
        #expect(reads.count == 1)
        // Ten more: they are here already, and are dealt with; the next ones are not read for a second.
        try it.receive((0..<10).flatMap { frame("\($0)") })
        #expect(it.recorder.events.count == 16)
        it.channel.read()
        #expect(reads.count == 1)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
        #expect(reads.count == 1)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(reads.count == 2)
    }

    @Test func bytesAreDelayed() throws {
        let (it, reads) = try self.make(Rates(bytes: .init(perSecond: 1000, burst: 1000)))
        // 994 and six of header, and key.
        try it.receive(frame(.binary, Array(repeating: 1, count: 1492)))
        it.channel.read()
        #expect(reads.count == 0)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(499))
        #expect(reads.count == 0)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(reads.count == 1)
    }

    /// A flood of pings is one of messages.
    @Test func pingsCount() throws {
        let (it, reads) = try self.make(Rates(messages: .init(perSecond: 1, burst: 2)))
        try it.receive((0..<3).flatMap { _ in frame(.ping, [1]) })
        it.channel.read()
        #expect(reads.count == 0)
        #expect(try it.frames().count == 3)
    }

    @Test(arguments: [
        (Rates(messages: .init(perSecond: 1, burst: 2), action: .close), "too many messages"),
        (Rates(bytes: .init(perSecond: 1, burst: 10), action: .close), "too many bytes"),
    ])
    func isClosed(rates: Rates, reason: String) throws {
        let (it, _) = try self.make(rates)
        try it.receive((0..<3).flatMap { _ in frame("hi") })
        let close = try #require(try it.frames().last)
        #expect(close.code == 1008)
        #expect(close.payload == Array(reason.utf8))
    }

    /// A connection that this end closes reads on: the peer's Close frame has to come.
    @Test func closingIsNotDelayed() throws {
        let (it, reads) = try self.make(Rates(messages: .init(perSecond: 0.01, burst: 1)))
        try it.receive((0..<3).flatMap { _ in frame("hi") })
        it.channel.read()
        #expect(reads.count == 0)
        try it.connection.startClosing()
        it.channel.embeddedEventLoop.run()
        #expect(reads.count == 1)
    }

    @Test func defaults() {
        #expect(WebSocketConfiguration().rates == nil)
        #expect(Rates.Rate(perSecond: 10).burst == 20)
        #expect(Rates.Rate(perSecond: 0.1).burst == 1)
        #expect(Rates().action == .delay)
    }
}
