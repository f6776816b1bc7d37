import NIOCore
import NIOPosix
import Testing

@testable import WebSocketNIO

@Suite struct ThreadIDTests {
    @Test func tellsThreadsApart() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let (one, two) = (group.next(), group.next())
        let first = try await one.submit { ThreadID.current }.get()
        let again = try await one.submit { ThreadID.current }.get()
        let other = try await two.submit { ThreadID.current }.get()
        #expect(first == again)
        #expect(first != other)
        #expect(first != 0)
        try await group.shutdownGracefully()
    }
}
