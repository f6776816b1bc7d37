import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import WebSocketNIO

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A channel whose other end is a plain descriptor.
private struct Half {
    let channel: any Channel
    let other: CInt

    static func make() async throws -> Half {
        var ends: [CInt] = [-1, -1]
        #if os(Linux)
        let kind = CInt(SOCK_STREAM.rawValue)
        #else
        let kind = SOCK_STREAM
        #endif
        try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .withConnectedSocket(ends[0]).get()
        return Half(channel: channel, other: ends[1])
    }

    /// What can be read at once.
    func readAll() -> [UInt8] {
        var all = [UInt8]()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(self.other, &buffer, buffer.count, CInt(MSG_DONTWAIT)), count > 0 {
            all += buffer[..<count]
        }
        return all
    }

    func write(_ bytes: [UInt8]) async throws -> Int {
        try await self.channel.eventLoop.submit { [channel] in
            guard let socket = PlainSocket(channel) else { return -1 }
            return bytes.withUnsafeBytes { socket.write($0) }
        }.get()
    }
}

@Suite(.timeLimit(.minutes(1))) struct PlainSocketTests {
    @Test func writes() async throws {
        let half = try await Half.make()
        #expect(try await half.write([1, 2, 3]) == 3)
        #expect(half.readAll() == [1, 2, 3])
        try await half.channel.close()
        _ = close(half.other)
    }

    /// A full socket takes a part, and then nothing, without waiting.
    @Test func full() async throws {
        let half = try await Half.make()
        let block = [UInt8](repeating: 7, count: 8 << 20)
        let first = try await half.write(block)
        #expect(first > 0)
        #expect(first < block.count)
        #expect(try await half.write(block) == 0)
        #expect(half.readAll().count == first)
        try await half.channel.close()
        _ = close(half.other)
    }

    /// The number of a closed channel's socket belongs to whoever opens the next one.
    @Test func closed() async throws {
        let half = try await Half.make()
        let result = try await half.channel.eventLoop.submit {
            guard let socket = PlainSocket(half.channel) else { return -1 }
            half.channel.close(promise: nil)
            // Others open files meanwhile; one of these is the socket's number, most likely.
            let strangers = (0..<8).map { _ in dup(STDERR_FILENO) }
            defer { for stranger in strangers { _ = close(stranger) } }
            return [UInt8](" ".utf8).withUnsafeBytes { socket.write($0) }
        }.get()
        #expect(result == 0)
        _ = close(half.other)
    }

    /// The peer has gone: the channel is to find out.
    @Test func broken() async throws {
        let half = try await Half.make()
        let result = try await half.channel.eventLoop.submit {
            guard let socket = PlainSocket(half.channel) else { return -1 }
            _ = close(half.other)
            return [UInt8(1)].withUnsafeBytes { socket.write($0) }
        }.get()
        #expect(result == 0)
        try? await half.channel.close()
    }

    @Test func noSocket() {
        let hasSocket = PlainSocket(EmbeddedChannel()) != nil
        #expect(!hasSocket)
    }
}
