import NIOCore

/// A buffer in which small frames are laid one behind the other, until they leave in one write.
///
/// It writes through the buffer's address, because asking the buffer anew for each small frame (is it held by somebody else,
/// has it room, where does it lie) costs as much as the frame. That is right while three things hold, and they do: the
/// buffer is held by nobody else until ``take()`` gives it away; nothing makes it move, since it is not touched otherwise;
/// and ``append(_:)`` never gives out what lies beyond `capacity`.
struct Outbox: ~Copyable {
    private var buffer: ByteBuffer?
    private var base: UnsafeMutableRawPointer?
    /// The size of the buffer in bytes; 0 when there is none.
    private(set) var capacity = 0
    /// How many bytes are in it.
    private(set) var count = 0

    /// Without a buffer.
    init() {}

    /// With an empty buffer that nobody else holds.
    init(_ buffer: consuming ByteBuffer) {
        var buffer = buffer
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { bytes in
            self.base = bytes.baseAddress
            self.capacity = bytes.count
            return 0
        }
        self.buffer = buffer
    }

    /// Room for so many bytes, which are to be filled now; nil when there is not so much.
    mutating func append(_ count: Int) -> UnsafeMutableRawPointer? {
        guard let base, self.capacity &- self.count >= count else { return nil }
        defer { self.count &+= count }
        return base + self.count
    }

    /// Gives the buffer away, with what is in it; nil when nothing is.
    mutating func take() -> ByteBuffer? {
        guard self.count > 0, var buffer = self.buffer.take() else { return nil }
        buffer.moveWriterIndex(to: self.count)
        self = Outbox()
        return buffer
    }
}
