import NIOCore
import NIOPosix
import Testing

@testable import WebSocketServer

@Suite(.timeLimit(.minutes(1))) struct OpenConnectionsTests {
    private func channel() async throws -> any Channel {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        return listener
    }

    @Test func oneTaskIsKeptUntilTheLastIsGone() async throws {
        let open = OpenConnections()
        let (first, second) = (try await self.channel(), try await self.channel())
        let (begun, continuation) = AsyncStream<Void>.makeStream()
        let keeper = Task {
            continuation.yield()
            await open.keep(first)
            return first.isActive || second.isActive
        }
        var iterator = begun.makeAsyncIterator()
        await iterator.next()
        while !open.hasKeeper { await Task.yield() }
        // The second needs no task of its own.
        await open.keep(second)
        try await first.close()
        #expect(open.hasKeeper)
        try await second.close()
        #expect(await keeper.value == false)
        #expect(!open.hasKeeper)
        // The next one is kept again.
        let third = try await self.channel()
        let next = Task { await open.keep(third) }
        while !open.hasKeeper { await Task.yield() }
        try await third.close()
        await next.value
    }

    @Test func aCancelledTaskIsNotKept() async throws {
        let open = OpenConnections()
        let channel = try await self.channel()
        let keeper = Task { await open.keep(channel) }
        while !open.hasKeeper { await Task.yield() }
        keeper.cancel()
        await keeper.value
        #expect(!open.hasKeeper)
        try await channel.close()
    }
}
