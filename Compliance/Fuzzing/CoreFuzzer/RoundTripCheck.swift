import WebSocketCore
import WebSocketDeflate

/// Arbitrary messages, compressed with arbitrary settings in arbitrary pieces and room: they come out at the other end as
/// they were, and stand on the wire as section 7.2.1 of RFC 7692 says.
struct RoundTripCheck {
    private let settings: Compressor.Settings
    private let seed: UInt64

    init(settings: UInt16) {
        let number = Int(settings)
        self.settings = Compressor.Settings(
            level: number % 10, memLevel: number / 10 % 9 + 1, windowBits: number / 90 % 7 + 9)
        self.seed = UInt64(settings)
    }

    private struct Message {
        var pieces: [(bytes: [UInt8], isFlushed: Bool)] = []
        /// Whether the last flush keeps its tail, and an empty block ends the message.
        var endsWithEmptyBlock: Bool

        var payload: [UInt8] { self.pieces.flatMap(\.bytes) }
    }

    func run(_ input: [UInt8]) {
        var sizes = Sizes(seed: self.seed)
        let compressor = self.compressor()
        // What is compressed with a window of 2^9 does not refer farther back than 2^8.
        let ownBits = self.settings.windowBits == 9 ? 8 : self.settings.windowBits
        var inflation = Inflation(windowBits: ownBits, inflater: MessageInflater(maxMessageSize: 0), sizes: sizes)
        var reference = ReferenceInflater()
        var rest = input[...]
        while !rest.isEmpty {
            let message = self.message(&rest, &sizes)
            let payload = message.payload
            let isReset = sizes.next(below: 4) == 0
            if isReset { compressor.reset() }
            // The same room: where it ends within a flush, zlib repeats what that ends with.
            var other = sizes
            let wire = self.deflate(message, compressor, &sizes)
            if isReset {
                let same = self.deflate(message, self.compressor(), &other)
                require(
                    isSame(wire[...], same[...]), "\(payload) is \(wire) when reset, \(same) when new, \(self.settings)"
                )
            }
            let expected = reference.inflate(wire, limit: payload.count)
            require(
                expected.end == .complete && isSame(expected.output[...], payload[...]),
                "\(payload) is \(wire), \(self.settings)")
            require(expected.farthest <= 1 << ownBits, "\(expected.farthest) bytes back, \(self.settings)")
            self.inflate(wire, payload, &inflation, &sizes)
        }
    }

    private func compressor() -> Compressor {
        var memory = 0
        let compressor = countingAllocations(into: &memory) { Compressor(self.settings) }
        // What is documented, and zlib's own state.
        let (window, tables) = (1 << (self.settings.windowBits + 2), 1 << (self.settings.memLevel + 9))
        require(memory <= window + tables + 8 << 10, "\(memory) bytes for \(self.settings)")
        return compressor
    }

    /// Reads a message: each piece is behind a byte that says whether it is the last one (128), flushed (64) and repeated
    /// (32), and how long it is.
    private func message(_ rest: inout ArraySlice<UInt8>, _ sizes: inout Sizes) -> Message {
        var message = Message(endsWithEmptyBlock: sizes.next(below: 2) == 0)
        while let head = rest.popFirst() {
            let bytes = rest.prefix(Int(head & 0x1F))
            rest = rest.dropFirst(bytes.count)
            // Now and then more than zlib's buffers hold, and than a small window.
            let count = head & 0x20 == 0 ? 1 : 1 << sizes.next(below: 9)
            let piece = (0..<count).flatMap { index in bytes.map { $0 ^ UInt8(truncatingIfNeeded: index >> 2) } }
            message.pieces.append((piece, head & 0x40 != 0))
            if head & 0x80 != 0 { break }
        }
        return message
    }

    /// Compresses a message as it goes on the wire.
    private func deflate(_ message: Message, _ compressor: Compressor, _ sizes: inout Sizes) -> [UInt8] {
        var wire: [UInt8] = []
        // Whether anything has come since the last flush.
        var isUnderWay = false
        for (bytes, isFlushed) in message.pieces {
            let before = wire.count
            self.compress(bytes, compressor, isFlushed, isFirst: !isUnderWay, &wire, &sizes)
            isUnderWay = isUnderWay || !bytes.isEmpty
            guard isFlushed else { continue }
            let flushed = Array(wire[before...])
            // Of nothing nothing comes out, or an empty block when it is the first thing that a compressor is asked for.
            let isEmpty = flushed.isEmpty || flushed == [Compressor.emptyBlock] + Compressor.tail
            require(
                isUnderWay ? wire.suffix(4) == Compressor.tail[...] : isEmpty,
                "\(bytes) flushed to \(flushed), \(self.settings)")
            isUnderWay = false
        }
        if message.pieces.allSatisfy(\.bytes.isEmpty) { return [Compressor.emptyBlock] }
        if isUnderWay {
            self.compress([], compressor, true, isFirst: false, &wire, &sizes)
            require(wire.suffix(4) == Compressor.tail[...], "no tail at the end of \(wire), \(self.settings)")
        }
        return message.endsWithEmptyBlock ? wire + [Compressor.emptyBlock] : wire.dropLast(4)
    }

    private func compress(
        _ bytes: [UInt8], _ compressor: Compressor, _ isFlushed: Bool, isFirst: Bool, _ wire: inout [UInt8],
        _ sizes: inout Sizes
    ) {
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { input.deallocate() }
        input.copyBytes(from: bytes)
        // In the room that is said to be enough, it is done at once.
        let isEnough = isFirst && sizes.next(below: 3) == 0
        var offset = 0
        while true {
            let room = Room(
                isEnough
                    ? compressor.bound(bytes.count)
                    : Compressor.minRoom + sizes.next(below: max(16, bytes.count / 16)))
            defer { room.deallocate() }
            let before = offset
            let (written, isDone) = compressor.compress(
                UnsafeRawBufferPointer(input), at: &offset, into: room.buffer, flush: isFlushed)
            wire += room.take(written)
            require(before <= offset && offset <= bytes.count, "offset from \(before) to \(offset) of \(bytes.count)")
            require(!isDone || offset == bytes.count, "done at \(offset) of \(bytes.count)")
            if isDone { return }
            require(!isEnough, "\(bytes) does not fit into \(room.buffer.count), \(self.settings)")
            require(written > 0 || offset > before, "no progress in \(room.buffer.count), \(self.settings)")
        }
    }

    private func inflate(
        _ wire: [UInt8], _ payload: [UInt8], _ inflation: inout Inflation, _ sizes: inout Sizes
    ) {
        let cut = Sizes.Cut(rawValue: sizes.next(below: 3)) ?? .whole
        if sizes.next(below: 4) == 0 {
            let history = inflation.decompressor.history
            inflation.resume(from: history)
            if !payload.isEmpty {
                let limit = payload.count - 1
                inflation.inflater = MessageInflater(maxMessageSize: limit)
                let result = inflation.inflate(wire, isText: false, cut, expecting: limit)
                require(result.error == ProtocolError(.inflatedTooBig(limit: limit)), "\(result) of \(payload)")
                inflation.resume(from: history)
            }
        }
        inflation.inflater = MessageInflater(maxMessageSize: payload.count)
        let isText = String(validating: payload, as: UTF8.self) != nil
        let result = inflation.inflate(wire, isText: isText, cut, expecting: payload.count)
        require(
            result.error == nil && isSame(result.output[...], payload[...]),
            "\(cut): \(result) of \(payload), \(self.settings)")
    }
}
