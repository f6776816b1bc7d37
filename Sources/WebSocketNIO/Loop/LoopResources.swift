import NIOCore
import NIOPosix
import WebSocketCore

/// What the connections of one event loop share: the receive buffer, outgoing buffers, blocks for large messages, masking
/// keys, and the list of those who have something to write when the bytes at hand are dealt with.
///
/// It belongs to its loop's thread; `Sendable` only because NIO wants an allocator to be.
final class LoopResources: @unchecked Sendable {
    /// The size of the loop's receive buffer: 512 KiB, as uWebSockets has it. One a loop, so its size costs little, and one
    /// system call brings in what arrived.
    static let receiveSize = 512 << 10
    /// The size of an outgoing buffer in which small frames are laid: 64 KiB.
    static let outboxSize = 64 << 10
    /// How many outgoing buffers are kept.
    static let keptOutboxes = 4
    /// The size of a buffer in which messages are inflated and compressed: 64 KiB, so that it stays in the cache.
    static let scratchSize = 64 << 10
    /// How many of these are kept: one to inflate into, and one to compress the answer into meanwhile.
    static let keptScratches = 2
    /// How many bytes of blocks for large messages are kept. Without them each message of 1 MiB grows and trims the heap,
    /// which cost half of its time.
    static let keptBlockBytes = 16 << 20

    let eventLoop: any EventLoop
    /// The loop's thread; 0 where the loop has none of its own.
    let thread: UInt
    private let allocator = ByteBufferAllocator()
    private var receive: ByteBuffer?
    private var outboxes: [ByteBuffer] = []
    /// How many of the kept size are being filled: a message to many must not take one for each of them.
    private var outboxesOut = 0
    private var scratches: [ByteBuffer] = []
    private var blocks: [ByteBuffer] = []
    private var blockBytes = 0
    /// How many bytes of blocks are kept.
    var keptBytes: Int { self.blockBytes }
    private var dirty: [WebSocketChannelHandler] = []
    private var depth = 0
    private var isFlushScheduled = false
    private var keys = MaskingKeys()
    /// zlib's states for messages that stand alone.
    var deflate = DeflatePool()
    private(set) var sweep = LoopSweep()
    /// Behind a pointer, since each message touches it: see ``WebSocketChannelHandler/Hot``.
    let statistics: UnsafeMutablePointer<LoopStatistics>

    private init(_ eventLoop: any EventLoop, thread: UInt) {
        self.eventLoop = eventLoop
        self.thread = thread
        self.statistics = .allocate(capacity: 1)
        self.statistics.initialize(to: LoopStatistics())
    }

    deinit {
        self.statistics.deinitialize(count: 1)
        self.statistics.deallocate()
    }

    private static let current = ThreadSpecificVariable<LoopResources>()

    /// The resources of the loop. Must be called on it. A loop that has no thread of its own, such as an embedded one, gets
    /// new ones at each call.
    static func of(_ eventLoop: any EventLoop) -> LoopResources {
        eventLoop.preconditionInEventLoop()
        guard MultiThreadedEventLoopGroup.currentEventLoop === eventLoop else {
            return LoopResources(eventLoop, thread: 0)
        }
        if let found = self.current.currentValue, found.eventLoop === eventLoop { return found }
        let made = LoopResources(eventLoop, thread: ThreadID.current)
        self.current.currentValue = made
        return made
    }

    /// The resources of the loop, if it has any yet. Must be called on it.
    static func existing(on eventLoop: any EventLoop) -> LoopResources? {
        guard let found = self.current.currentValue, found.eventLoop === eventLoop else { return nil }
        return found
    }

    // MARK: Buffers

    /// The receive buffer, if it is back and nobody kept a piece of it; else a new one.
    func takeReceiveBuffer() -> ByteBuffer {
        if var buffer = self.receive.take(), reclaim(&buffer) { return buffer }
        return self.allocator.buffer(capacity: LoopResources.receiveSize)
    }

    /// Takes back a buffer that was read into, if it is the loop's.
    func giveBack(_ buffer: ByteBuffer) {
        if buffer.storageCapacity == LoopResources.receiveSize { self.receive = buffer }
    }

    /// An empty buffer to lay frames in, with room for at least so many bytes.
    func takeOutbox(minimum: Int) -> ByteBuffer {
        if minimum <= LoopResources.outboxSize {
            for index in self.outboxes.indices.reversed() {
                var buffer = self.outboxes.remove(at: index)
                if reclaim(&buffer) {
                    self.outboxesOut += 1
                    return buffer
                }
                self.outboxes.insert(buffer, at: index)
            }
            if self.outboxes.count + self.outboxesOut < LoopResources.keptOutboxes {
                self.outboxesOut += 1
                return self.allocator.buffer(capacity: LoopResources.outboxSize)
            }
        }
        // All are on their way to slow sockets, or this is one of many connections that are written to at once.
        return self.allocator.buffer(capacity: Swift.max(minimum, 512))
    }

    /// Keeps an outgoing buffer that has been handed to the channel, to use it again once the channel lets go of it.
    func keepOutbox(_ buffer: ByteBuffer) {
        guard buffer.storageCapacity == LoopResources.outboxSize else { return }
        // One that grew to this size was never counted.
        self.outboxesOut = Swift.max(self.outboxesOut - 1, 0)
        if self.outboxes.count < LoopResources.keptOutboxes { self.outboxes.append(buffer) }
    }

    /// A block to collect a message in, with room for at least so many bytes.
    func takeBlock(minimum: Int) -> ByteBuffer {
        for index in self.blocks.indices.reversed() where self.blocks[index].storageCapacity >= minimum {
            // Not one that is far too large, which would be missed by a message of its size.
            guard self.blocks[index].storageCapacity <= minimum << 2 else { continue }
            var buffer = self.blocks.remove(at: index)
            if reclaim(&buffer) {
                self.blockBytes -= buffer.storageCapacity
                return buffer
            }
            self.blocks.insert(buffer, at: index)
        }
        return self.allocator.buffer(capacity: minimum)
    }

    /// Keeps a block whose message has been handed on, to use it again once nobody holds the message.
    func keepBlock(_ buffer: ByteBuffer) {
        let size = buffer.storageCapacity
        guard size >= 32 << 10, size <= LoopResources.keptBlockBytes else { return }
        while self.blockBytes + size > LoopResources.keptBlockBytes {
            self.blockBytes -= self.blocks.removeFirst().storageCapacity
        }
        self.blocks.append(buffer)
        self.blockBytes += size
    }

    /// An empty buffer of ``scratchSize``.
    func takeScratch() -> ByteBuffer {
        while var buffer = self.scratches.popLast() {
            // What somebody kept a piece of is theirs.
            if reclaim(&buffer) { return buffer }
        }
        return self.allocator.buffer(capacity: LoopResources.scratchSize)
    }

    /// Takes back such a buffer, to use it again once nobody holds it.
    func keepScratch(_ buffer: ByteBuffer) {
        guard buffer.storageCapacity == LoopResources.scratchSize,
            self.scratches.count < LoopResources.keptScratches
        else { return }
        self.scratches.append(buffer)
    }

    /// The next masking key (RFC 6455, section 5.3).
    func nextMaskingKey() -> UInt32 { self.keys.next() }

    // MARK: Once a second

    /// Looks at the entry about once a second, until it says that it is done.
    func watch(_ entry: any SweepEntry) {
        if self.sweep.add(entry) { self.scheduleSweep() }
    }

    private func scheduleSweep() {
        self.eventLoop.assumeIsolated().scheduleTask(in: LoopSweep.interval) {
            let entries = self.sweep.begin()
            let tick = self.sweep.tick
            self.enter()
            let kept = entries.filter { !$0.isDone(at: tick) }
            self.leave()
            if self.sweep.end(kept) { self.scheduleSweep() }
        }
    }

    // MARK: One write per wake-up

    /// Bytes are being dealt with: what is sent until ``leave()`` is written then.
    func enter() { self.depth += 1 }

    /// The bytes are dealt with.
    func leave() {
        if self.depth == 1 { self.flush() }
        self.depth -= 1
    }

    /// The end of what may be a call from foreign code: what was sent is written soon. Writing can end other connections, whose
    /// handlers must not be called from within, where a lock may be held.
    func leaveLater() {
        self.depth -= 1
        if !self.dirty.isEmpty { self.scheduleFlush() }
    }

    /// Remembers a connection that has something to write.
    func markDirty(_ handler: WebSocketChannelHandler) {
        self.dirty.append(handler)
        self.scheduleFlush()
    }

    private func scheduleFlush() {
        guard self.depth == 0, !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.eventLoop.execute {
            self.isFlushScheduled = false
            self.enter()
            self.leave()
        }
    }

    private func flush() {
        // Flushing can tell a handler that its socket is writable, which may send again. One connection is the rule.
        while let handler = self.dirty.popLast() {
            handler.flush()
            handler.tellRoom()
        }
    }
}

/// Empties the buffer for another use; false when somebody else holds it.
private func reclaim(_ buffer: inout ByteBuffer) -> Bool {
    buffer.modifyIfUniquelyOwned { $0.clear() } != nil
}
