import CWebSocketZlib

/// One stream of raw inflate on zlib (RFC 1951), made to inflate messages (RFC 7692, section 7.2.2): see ``MessageInflater``,
/// which has the rules.
///
/// It takes some 7 KB, and 2^windowBits bytes from the first inflated byte on: 40 KB with the largest window. Not thread-safe.
public final class Decompressor {
    /// What a step came to.
    enum Outcome {
        /// All input was used, and what it became is out.
        case needsInput
        /// The output is full; there may be more.
        case needsRoom
        /// The input is not deflate.
        case invalid
    }

    /// The window that it has, as a power of two, 8 to 15.
    public let windowBits: Int
    /// Where zlib's own state, which points back to it, finds it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Makes a decompressor that has seen nothing yet.
    ///
    /// - Parameter windowBits: The largest window that its input was compressed with, as a power of two, 8 to 15.
    public init(windowBits: Int) {
        self.windowBits = windowBits
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        let result = inflateInit2_(
            self.stream, -Int32(windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib cannot make a decompressor (\(result))")
    }

    /// Makes a decompressor that goes on where another one was, between two messages.
    ///
    /// - Parameters:
    ///   - windowBits: The window of the other one.
    ///   - history: Its ``history``.
    public convenience init(windowBits: Int, history: [UInt8]) {
        self.init(windowBits: windowBits)
        let result = inflateSetDictionary(self.stream, history, UInt32(history.count))
        precondition(result == Z_OK, "zlib cannot go on (\(result))")
    }

    deinit {
        inflateEnd(self.stream)
        self.stream.deallocate()
    }

    /// Forgets all that it has seen, as if it were new.
    public func reset() {
        inflateReset(self.stream)
        self.isBehindLastBlock = false
    }

    /// The last bytes that came out, at most 2^``windowBits``: all that the next message can refer to.
    public var history: [UInt8] {
        var size: UInt32 = 0
        inflateGetDictionary(self.stream, nil, &size)
        return [UInt8](unsafeUninitializedCapacity: Int(size)) { bytes, count in
            if size > 0 { inflateGetDictionary(self.stream, bytes.baseAddress!, &size) }
            count = Int(size)
        }
    }

    /// Inflates as much as there is room for.
    ///
    /// - Parameters:
    ///   - input: What has arrived.
    ///   - offset: Where to go on in it; moved behind what was used.
    ///   - output: Where to write; it must have room.
    ///   - written: Where to go on in it; moved behind what was written.
    ///   - stopsAtBlocks: Whether to stop behind each block, to see whether one ends there.
    func inflate(
        _ input: UnsafeRawBufferPointer, at offset: inout Int, into output: UnsafeMutableRawBufferPointer,
        _ written: inout Int, stopsAtBlocks: Bool
    ) -> Outcome {
        while true {
            // zlib counts in 32 bits.
            let count = Swift.min(input.count - offset, 1 << 30)
            let room = Swift.min(output.count - written, 1 << 30)
            let start = input.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + offset) }
            self.stream.pointee.next_in = start?.assumingMemoryBound(to: UInt8.self)
            self.stream.pointee.avail_in = UInt32(count)
            self.stream.pointee.next_out = (output.baseAddress! + written).assumingMemoryBound(to: UInt8.self)
            self.stream.pointee.avail_out = UInt32(room)
            let result = CWebSocketZlib.inflate(self.stream, stopsAtBlocks ? Z_BLOCK : Z_SYNC_FLUSH)
            offset += count - Int(self.stream.pointee.avail_in)
            written += room - Int(self.stream.pointee.avail_out)
            switch result {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END:
                // A last block (BFINAL) need not be the last of the message, nor of the connection (section 7.2.3.4). Another
                // one may follow, and refer to what came before: this forgets where in the stream it is, not the window.
                inflateResetKeep(self.stream)
                self.isBehindLastBlock = true
                if offset < input.count || self.stream.pointee.avail_out == 0 { break }
                return .needsInput
            default:
                self.isBehindLastBlock = false
                return .invalid
            }
            if result != Z_STREAM_END, count > 0 { self.isBehindLastBlock = false }
            if self.stream.pointee.avail_out == 0 { return .needsRoom }
            if offset == input.count { return .needsInput }
        }
    }

    /// The stream ended with the last byte that was used.
    private var isBehindLastBlock = false

    /// Whether a block ended with the last byte that was used, and no bit of it is left. To be asked behind a step that stops
    /// at blocks.
    var isBetweenBlocks: Bool {
        // zlib tells: 128 right behind a block, 64 in the last one, and below that the number of bits left over.
        self.isBehindLastBlock || self.stream.pointee.data_type & (128 | 63) == 128
    }
}
