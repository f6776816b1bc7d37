import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketServer

struct StalledAnswerHandlerTests {
    private static let timeout = TimeAmount.seconds(60)
    private let channel = EmbeddedChannel()

    private func connect() throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        try self.channel.pipeline.syncOperations.addHandler(
            StalledAnswerHandler(timeout: Self.timeout, logger: logger))
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func become(writable: Bool) {
        self.channel.isWritable = writable
        self.channel.pipeline.fireChannelWritabilityChanged()
    }

    /// Leaves so much in the channel as if the socket did not take it.
    private func wait(_ count: Int) {
        self.channel.write(ByteBuffer(repeating: 0, count: count), promise: nil)
    }

    @Test func nothingIsTaken() throws {
        try self.connect()
        self.wait(10)
        self.become(writable: false)
        self.channel.embeddedEventLoop.advanceTime(by: Self.timeout - .nanoseconds(1))
        #expect(self.channel.isActive)
        self.channel.embeddedEventLoop.advanceTime(by: .nanoseconds(1))
        #expect(!self.channel.isActive)
        _ = try? self.channel.finish(acceptAlreadyClosed: true)
    }

    /// However little is taken, the connection goes on; only when nothing more is, it ends.
    @Test func littleIsTaken() throws {
        try self.connect()
        self.wait(10)
        self.become(writable: false)
        self.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        self.channel.flush()
        self.channel.embeddedEventLoop.advanceTime(by: Self.timeout)
        #expect(self.channel.isActive)
        self.channel.embeddedEventLoop.advanceTime(by: Self.timeout)
        #expect(!self.channel.isActive)
        _ = try? self.channel.finish(acceptAlreadyClosed: true)
    }

    /// Once the channel takes more, or is a WebSocket, there is nothing to watch.
    @Test(arguments: [false, true])
    func takenAgain(isRemoved: Bool) throws {
        try self.connect()
        self.wait(10)
        self.become(writable: false)
        if isRemoved {
            let handler = try self.channel.pipeline.syncOperations.handler(type: StalledAnswerHandler.self)
            self.channel.pipeline.syncOperations.removeHandler(handler, promise: nil)
        } else {
            self.become(writable: true)
        }
        self.channel.embeddedEventLoop.advanceTime(by: Self.timeout + Self.timeout)
        #expect(self.channel.isActive)
        _ = try? self.channel.finish()
    }
}
