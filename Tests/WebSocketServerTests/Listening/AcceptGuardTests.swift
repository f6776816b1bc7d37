import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import WebSocketServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

struct AcceptGuardTests {
    /// Counts the reads that come through.
    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = Never
        private(set) var count = 0

        func read(context: ChannelHandlerContext) {
            self.count += 1
            context.read()
        }
    }

    private func channel(failed: @escaping (any Error) -> Void = { _ in }) throws -> (EmbeddedChannel, ReadCounter) {
        let channel = EmbeddedChannel()
        let reads = ReadCounter()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        try channel.pipeline.syncOperations.addHandlers([reads, AcceptGuard(logger, failed: failed)])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, reads)
    }

    /// Nothing is heard of it behind the guard, and accepting goes on after a pause, not before.
    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func exhausted(code: Int32) throws {
        let (channel, reads) = try self.channel()
        channel.read()
        #expect(reads.count == 1)
        channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
        channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
        try channel.throwIfErrorCaught()
        channel.read()
        #expect(reads.count == 1)
        channel.embeddedEventLoop.advanceTime(by: AcceptGuard.pause - .nanoseconds(1))
        #expect(reads.count == 1)
        channel.embeddedEventLoop.advanceTime(by: .nanoseconds(1))
        #expect(reads.count == 2)
        channel.read()
        #expect(reads.count == 3)
        _ = try channel.finish()
    }

    /// A client that has gone is no reason to wait; another error is the listener's end.
    @Test func others() throws {
        var failures: [any Error] = []
        let (channel, reads) = try self.channel { failures.append($0) }
        channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
        try channel.throwIfErrorCaught()
        channel.read()
        #expect(reads.count == 1)
        channel.pipeline.fireErrorCaught(unsafeBitCast((), to: NIOFcntlFailedError.self))
        try channel.throwIfErrorCaught()
        channel.pipeline.fireErrorCaught(IOError(errnoCode: EBADF, reason: "accept"))
        #expect(throws: IOError.self) { try channel.throwIfErrorCaught() }
        #expect(failures.map { ($0 as? IOError)?.errnoCode } == [EBADF])
        _ = try? channel.finish()
    }
}
