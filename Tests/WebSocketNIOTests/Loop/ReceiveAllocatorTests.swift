import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import WebSocketNIO

@Suite struct ReceiveAllocatorTests {
    @Test func alwaysAsksForTheLoopsBuffer() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        var allocator = ReceiveAllocator(loop: loop)
        #expect(allocator.nextBufferSize() == nil)
        let mayGrow = allocator.record(actualReadBytes: 1)
        #expect(mayGrow)
        #expect(allocator.buffer(allocator: .init()).capacity == LoopResources.receiveSize)
    }

    /// What NIO's pool does with it: nothing is kept once a channel has a buffer of its own.
    @Test func nioKeepsNoneOfThem() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        var pool = NIOPooledRecvBufferAllocator(
            capacity: 1, recvAllocator: FixedSizeRecvByteBufferAllocator(capacity: 16))
        _ = pool.buffer(allocator: .init()) { $0.writeInteger(UInt8(1)) }
        pool.recvAllocator = ReceiveAllocator(loop: loop)
        _ = pool.buffer(allocator: .init()) { $0.writeInteger(UInt8(1)) }
        pool.record(actualReadBytes: 1)
        var addresses: Set<UnsafeRawPointer?> = []
        for _ in 0..<5 {
            let (buffer, _) = pool.buffer(allocator: .init()) { $0.writeInteger(UInt8(1)) }
            pool.record(actualReadBytes: 1)
            #expect(buffer.capacity == LoopResources.receiveSize)
            addresses.insert(buffer.withUnsafeReadableBytes { $0.baseAddress })
            loop.giveBack(buffer)
        }
        #expect(addresses.count == 1)
    }
}
