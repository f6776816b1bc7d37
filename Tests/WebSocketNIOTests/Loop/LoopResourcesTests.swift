import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import WebSocketNIO

@Suite struct LoopResourcesTests {
    @Test func oneForEachLoop() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let isSame = try await loop.submit { LoopResources.of(loop) === LoopResources.of(loop) }.get()
        #expect(isSame)
        let embedded = EmbeddedEventLoop()
        #expect(LoopResources.of(embedded) !== LoopResources.of(embedded))
        #expect(LoopResources.of(embedded).thread == 0)
    }

    @Test func theReceiveBufferIsUsedAgainOnlyWhenNobodyHoldsIt() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        var first: ByteBuffer? = loop.takeReceiveBuffer()
        #expect(first!.capacity == LoopResources.receiveSize)
        first!.writeString("abc")
        let address = first!.withUnsafeReadableBytes { $0.baseAddress }
        loop.giveBack(first!)
        first = nil
        var second: ByteBuffer? = loop.takeReceiveBuffer()
        #expect(second!.readableBytes == 0)
        #expect(second!.withUnsafeReadableBytes { $0.baseAddress } == address)
        second!.writeString("kept")
        let slice = second!.getSlice(at: 0, length: 4)
        loop.giveBack(second!)
        second = nil
        var third = loop.takeReceiveBuffer()
        third.writeString("over")
        #expect(slice.map { String(buffer: $0) } == "kept")
    }

    @Test func buffersOfOtherSizesAreNotTakenBack() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        loop.giveBack(ByteBuffer(string: "small"))
        #expect(loop.takeReceiveBuffer().capacity == LoopResources.receiveSize)
    }

    @Test func outboxesAreKeptAndUsedAgain() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        var buffer: ByteBuffer? = loop.takeOutbox(minimum: 10)
        #expect(buffer!.capacity == LoopResources.outboxSize)
        let address = buffer!.withUnsafeReadableBytes { $0.baseAddress }
        loop.keepOutbox(buffer!)
        #expect(loop.takeOutbox(minimum: 10).withUnsafeReadableBytes { $0.baseAddress } != address)
        buffer = nil
        #expect(loop.takeOutbox(minimum: 10).withUnsafeReadableBytes { $0.baseAddress } == address)
        #expect(loop.takeOutbox(minimum: 100_000).capacity >= 100_000)
    }

    @Test func manyOutboxesAtOnceAreSmall() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        let stuck = (0..<LoopResources.keptOutboxes).map { _ in
            let buffer = loop.takeOutbox(minimum: 1)
            loop.keepOutbox(buffer)
            return buffer
        }
        #expect(stuck.allSatisfy { $0.capacity == LoopResources.outboxSize })
        #expect(loop.takeOutbox(minimum: 1).capacity == 512)
    }

    @Test func blocksAreKeptUpToABound() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        var block: ByteBuffer? = loop.takeBlock(minimum: 1 << 20)
        let address = block!.withUnsafeReadableBytes { $0.baseAddress }
        loop.keepBlock(block!)
        block = nil
        // A small message does not take a large block, which a large one would miss.
        #expect(loop.takeBlock(minimum: 100).withUnsafeReadableBytes { $0.baseAddress } != address)
        #expect(loop.takeBlock(minimum: 1 << 20).withUnsafeReadableBytes { $0.baseAddress } == address)
        for _ in 0..<3 { loop.keepBlock(ByteBufferAllocator().buffer(capacity: 8 << 20)) }
        #expect(loop.keptBytes <= LoopResources.keptBlockBytes)
        loop.keepBlock(ByteBufferAllocator().buffer(capacity: 64 << 20))
        #expect(loop.keptBytes <= LoopResources.keptBlockBytes)
    }

    @Test func scratchesAreUsedAgainOnlyWhenNobodyHoldsThem() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        var first: ByteBuffer? = loop.takeScratch()
        #expect(first!.capacity == LoopResources.scratchSize)
        first!.writeString("abc")
        let address = first!.withUnsafeReadableBytes { $0.baseAddress }
        loop.keepScratch(first!)
        first = nil
        var second: ByteBuffer? = loop.takeScratch()
        #expect(second!.readableBytes == 0)
        #expect(second!.withUnsafeReadableBytes { $0.baseAddress } == address)
        second!.writeString("kept")
        let slice = second!.getSlice(at: 0, length: 4)
        loop.keepScratch(second!)
        second = nil
        var third = loop.takeScratch()
        third.writeString("over")
        #expect(slice.map { String(buffer: $0) } == "kept")
    }

    /// One to inflate into and one to compress into; none that grew.
    @Test func fewScratchesAreKept() {
        let loop = LoopResources.of(EmbeddedEventLoop())
        func addresses(_ count: Int) -> [UnsafeRawPointer?] {
            let buffers = (0..<count).map { _ in loop.takeScratch() }
            defer { for buffer in buffers { loop.keepScratch(buffer) } }
            return buffers.map { $0.withUnsafeReadableBytes { $0.baseAddress } }
        }
        let first = addresses(LoopResources.keptScratches)
        #expect(Set(addresses(LoopResources.keptScratches)) == Set(first))
        let fresh = LoopResources.of(EmbeddedEventLoop())
        fresh.keepScratch(ByteBufferAllocator().buffer(capacity: 2 * LoopResources.scratchSize))
        #expect(fresh.takeScratch().capacity == LoopResources.scratchSize)
    }
}
