import CWebSocketZlib

/// One stream of raw deflate on zlib (RFC 1951), made to compress messages (RFC 7692, section 7.2.1).
///
/// It takes some 2^(windowBits + 2) + 2^(memLevel + 9) bytes, 268 KB with zlib's defaults. Not thread-safe.
public final class Compressor {
    /// What a compressor is made with. Equal settings make equal bytes of equal messages, given equal room.
    public struct Settings: Sendable, Hashable {
        /// From 0 to 9.
        public var level: Int
        /// From 1 to 9.
        public var memLevel: Int
        /// From 9 to 15.
        public var windowBits: Int

        /// Makes settings; they must be in the ranges given.
        public init(level: Int, memLevel: Int, windowBits: Int) {
            self.level = level
            self.memLevel = memLevel
            self.windowBits = windowBits
        }
    }

    /// What a flush ends with, and a message leaves out (section 7.2.1): the length of an empty block, 00 00 FF FF.
    public static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
    /// The rest of such a block: what ends a message whose pieces were flushed with their tails, and what an empty message
    /// consists of (section 7.2.3.6).
    public static let emptyBlock: UInt8 = 0x00

    /// The least room that ``compress(_:at:into:flush:)`` can do something with: with 6 bytes or less zlib would repeat what a
    /// flush ends with for ever.
    public static let minRoom = 7

    /// What it was made with.
    public let settings: Settings
    /// Where zlib's own state, which points back to it, finds it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Makes a compressor that has seen nothing yet.
    public init(_ settings: Settings) {
        self.settings = settings
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        // Negative bits mean raw deflate, without zlib's header and checksum.
        let result = deflateInit2_(
            self.stream, Int32(settings.level), Z_DEFLATED, -Int32(settings.windowBits), Int32(settings.memLevel),
            Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib cannot make a compressor (\(result))")
    }

    deinit {
        deflateEnd(self.stream)
        self.stream.deallocate()
    }

    /// Forgets all that it has seen, as if it were new: a compressor may do so between any two messages.
    public func reset() {
        deflateReset(self.stream)
    }

    /// How many bytes so many can become at most, when they are flushed and nothing else is under way.
    public func bound(_ count: Int) -> Int {
        // zlib's own bound for any settings, and what a flush adds.
        Int(deflateBound(self.stream, UInt(count))) + 16
    }

    /// Compresses as much as there is room for.
    ///
    /// - Parameters:
    ///   - input: The message, or a piece of it.
    ///   - offset: Where to go on in it; moved behind what was used.
    ///   - output: Where to write; at least ``minRoom``.
    ///   - flush: Whether all of it has to come out: the output then ends with ``tail``, which stays in front of a further
    ///     piece and is cut off behind the last one. Of no input nothing
    ///     comes out behind a flush, and an empty block before the first.
    /// - Returns: How many bytes were written, and whether that was all. If it was not, call again with more room.
    public func compress(
        _ input: UnsafeRawBufferPointer, at offset: inout Int, into output: UnsafeMutableRawBufferPointer,
        flush: Bool = true
    ) -> (written: Int, isDone: Bool) {
        var written = 0
        while true {
            // zlib counts in 32 bits.
            let count = Swift.min(input.count - offset, 1 << 30)
            let room = Swift.min(output.count - written, 1 << 30)
            guard room >= Compressor.minRoom else { return (written, false) }
            // It does not write to its input, and only lacks a `const`.
            let start = input.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + offset) }
            self.stream.pointee.next_in = start?.assumingMemoryBound(to: UInt8.self)
            self.stream.pointee.avail_in = UInt32(count)
            self.stream.pointee.next_out = (output.baseAddress! + written).assumingMemoryBound(to: UInt8.self)
            self.stream.pointee.avail_out = UInt32(room)
            let isLast = offset + count == input.count
            // Z_BUF_ERROR says that there was nothing to do. Other errors would be this class's own.
            let result = deflate(self.stream, flush && isLast ? Z_SYNC_FLUSH : Z_NO_FLUSH)
            precondition(result == Z_OK || result == Z_BUF_ERROR, "zlib cannot compress (\(result))")
            offset += count - Int(self.stream.pointee.avail_in)
            written += room - Int(self.stream.pointee.avail_out)
            // A flush is complete when zlib leaves room.
            if offset == input.count, self.stream.pointee.avail_out > 0 { return (written, true) }
        }
    }
}
