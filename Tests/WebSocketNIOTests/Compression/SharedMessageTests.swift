import NIOCore
import NIOEmbedded
import NIOPosix
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct SharedMessageTests {
    private static let settings = Compressor.Settings(level: 6, memLevel: 8, windowBits: 15)
    private static let payload = digits(10_000)

    private func address(_ buffer: ByteBuffer?) -> UnsafeRawPointer? {
        buffer?.withUnsafeReadableBytes { $0.baseAddress }
    }

    @Test func whatItIs() {
        let bytes = ByteBuffer(bytes: Self.payload)
        let text = SharedMessage(bytes, as: .text, compress: true)
        #expect(text.opcode == .text && text.payload == bytes && text.compress)
        #expect(SharedMessage(bytes, as: .binary, compress: false).opcode == .binary)
    }

    /// What one loop has made, all use: the other one makes nothing.
    @Test func itIsCompressedOnce() throws {
        let message = SharedMessage(ByteBuffer(bytes: Self.payload), as: .text, compress: true)
        let (first, second) = (LoopResources.of(EmbeddedEventLoop()), LoopResources.of(EmbeddedEventLoop()))
        var (cache, other) = (SharedMessage.Cache(), SharedMessage.Cache())
        let made = try #require(message.compressed(Self.settings, &cache, first))
        #expect(Peer().inflate(Array(made.readableBytesView)) == Bytes(Self.payload))
        #expect(first.deflate.compressors.count == 1)
        #expect(self.address(message.compressed(Self.settings, &cache, first)) == self.address(made))
        #expect(self.address(message.compressed(Self.settings, &other, second)) == self.address(made))
        #expect(second.deflate.compressors.count == 0)
        #expect(cache.count == 1 && other.count == 1)
        // It is as large as it has to be, and not the loop's.
        #expect(made.storageCapacity < LoopResources.scratchSize)
        #expect(message.payload == ByteBuffer(bytes: Self.payload))
    }

    @Test func onceForEachOfTheSettings() throws {
        let message = SharedMessage(ByteBuffer(bytes: Self.payload), as: .text, compress: true)
        let loop = LoopResources.of(EmbeddedEventLoop())
        var cache = SharedMessage.Cache()
        let small = Compressor.Settings(level: 1, memLevel: 1, windowBits: 9)
        let made = try #require(message.compressed(Self.settings, &cache, loop))
        let other = try #require(message.compressed(small, &cache, loop))
        #expect(made != other)
        #expect(Peer(windowBits: 9).inflate(Array(other.readableBytesView)) == Bytes(Self.payload))
        #expect(message.compressed(Self.settings, &cache, loop) == made)
        #expect(cache.count == 2)
    }

    /// What a loop has looked up already is not looked up again.
    @Test func theCacheIsAsked() {
        let message = SharedMessage(ByteBuffer(bytes: Self.payload), as: .text, compress: true)
        let loop = LoopResources.of(EmbeddedEventLoop())
        var cache: SharedMessage.Cache = [Self.settings: ByteBuffer(string: "found")]
        #expect(message.compressed(Self.settings, &cache, loop) == ByteBuffer(string: "found"))
        #expect(loop.deflate.compressors.count == 0)
    }

    /// That it cannot be made smaller is found out once, too.
    @Test func whatCannotBeMadeSmaller() {
        let message = SharedMessage(ByteBuffer(bytes: noise(1000)), as: .binary, compress: true)
        let (first, second) = (LoopResources.of(EmbeddedEventLoop()), LoopResources.of(EmbeddedEventLoop()))
        var (cache, other) = (SharedMessage.Cache(), SharedMessage.Cache())
        #expect(message.compressed(Self.settings, &cache, first) == nil)
        #expect(cache.count == 1)
        #expect(message.compressed(Self.settings, &other, second) == nil)
        #expect(first.deflate.compressors.count == 1)
        #expect(second.deflate.compressors.count == 0)
    }

    /// Loops that come at the same time get the same bytes.
    @Test func fromManyLoops() async throws {
        let message = SharedMessage(ByteBuffer(bytes: digits(200_000)), as: .text, compress: true)
        let loops = (0..<8).map { _ in MultiThreadedEventLoopGroup.singleton.next() }
        let made = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            for loop in loops {
                group.addTask {
                    try await loop.submit {
                        var cache = SharedMessage.Cache()
                        return message.compressed(Self.settings, &cache, LoopResources.of(loop))
                    }.get()
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.count == 8)
        #expect(Set(made.map { self.address($0) }).count == 1)
        #expect(made[0].map { Peer().inflate(Array($0.readableBytesView)) } == Bytes(digits(200_000)))
    }
}
