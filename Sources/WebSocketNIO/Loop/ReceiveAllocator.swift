import NIOCore

/// Lets a channel read into its loop's one receive buffer, instead of one of its own.
///
/// NIO's pool keeps a buffer for each channel, and reads into that one if it is told that it need not grow. This allocator
/// always says that it may, so that (with one read per wake-up) the pool asks for a buffer each time and keeps none. If
/// a later NIO does otherwise, memory grows, and nothing breaks: see ``LoopResources/takeReceiveBuffer()``.
struct ReceiveAllocator: RecvByteBufferAllocator {
    let loop: LoopResources

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { self.loop.takeReceiveBuffer() }
    func nextBufferSize() -> Int? { nil }
    mutating func record(actualReadBytes: Int) -> Bool { true }
}
