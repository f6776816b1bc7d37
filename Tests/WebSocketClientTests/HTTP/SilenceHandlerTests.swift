import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import WebSocketClient

/// When a server's silence counts.
@Suite(.timeLimit(.minutes(1)))
struct SilenceHandlerTests {
    private static let silence = TimeAmount.seconds(35)

    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.pipeline.syncOperations.addHandler(SilenceHandler(SilenceHandlerTests.silence))
        return channel
    }

    private func expectGivenUp(_ channel: EmbeddedChannel) {
        let error = #expect(throws: DialError.self) { try channel.throwIfErrorCaught() }
        #expect(error?.isTimeout == true)
        #expect(!channel.isActive)
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    @Test func aServerThatSaysNothing() throws {
        let channel = try self.channel()
        channel.embeddedEventLoop.advanceTime(by: .seconds(34))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        self.expectGivenUp(channel)
    }

    /// From one read on, however often it is asked for again.
    @Test func reads() throws {
        let channel = try self.channel()
        channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        try channel.writeInbound(ByteBuffer(string: "a"))
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: .seconds(34))
        channel.read()
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        self.expectGivenUp(channel)
    }

    @Test func whatIsNotReadIsNotSilent() throws {
        let channel = try self.channel()
        try channel.writeInbound(ByteBuffer(string: "a"))
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        try channel.throwIfErrorCaught()
        #expect(channel.isActive)
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: SilenceHandlerTests.silence)
        self.expectGivenUp(channel)
    }

    @Test func theEnd() throws {
        let channel = try self.channel()
        try channel.close().wait()
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        try channel.throwIfErrorCaught()
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    /// A whole exchange whose reader stands still, on a busy server: it is not cut, and it goes on.
    @Test func backPressure() async throws {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
        let wrapped = try await channel.testingEventLoop.executeInContext {
            try HTTPExchange.open(channel, .last, SilenceHandlerTests.silence)
        }
        // As an event loop reads: when something has come, and it is wanted.
        func come(_ text: String) async throws {
            try await channel.writeInbound(ByteBuffer(string: text))
            channel.read()
            await channel.testingEventLoop.run()
        }
        try await wrapped.executeThenClose { inbound, _ in
            let request = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")
            try await channel.writeOutbound(HTTPRequestPart.head(request))
            try await channel.writeOutbound(HTTPRequestPart.end(nil))
            try await come("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<20 { try await come("1\r\nx\r\n") }
            await channel.testingEventLoop.advanceTime(by: .hours(1))
            #expect(channel.isActive)
            var parts = inbound.makeAsyncIterator()
            for _ in 0..<21 { _ = try await parts.next() }
            await channel.testingEventLoop.advanceTime(by: SilenceHandlerTests.silence)
            #expect(!channel.isActive)
            await #expect(throws: DialError.self) { while try await parts.next() != nil {} }
        }
    }
}
