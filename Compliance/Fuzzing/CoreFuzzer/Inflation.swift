import WebSocketCore
import WebSocketDeflate

/// Sizes of pieces and of room, from a seed.
struct Sizes {
    /// How a message comes, and how much room there is for what it becomes.
    enum Cut: Int {
        /// At once, into room for all of it or a little more.
        case whole
        /// Byte by byte, or, as it would take too long, in some hundred pieces.
        case drip
        /// Anyhow.
        case random
    }

    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    /// A number below the bound: a xorshift.
    mutating func next(below bound: Int) -> Int {
        self.state ^= self.state << 13
        self.state ^= self.state >> 7
        self.state ^= self.state << 17
        return Int(self.state >> 16 % UInt64(bound))
    }

    mutating func piece(_ cut: Cut, of left: Int) -> Int {
        switch cut {
        case .whole: left
        case .drip: min(max(1, left / 128), left)
        case .random: min(self.next(below: max(16, left / 32)), left)
        }
    }

    mutating func room(_ cut: Cut, for output: Int) -> Int {
        switch cut {
        case .whole: max(1, output + [0, 1, 16][self.next(below: 3)])
        case .drip: max(1, output / 128)
        case .random: 1 + self.next(below: max(16, output / 32))
        }
    }
}

/// Room for output, with something behind it that must stay as it is.
struct Room {
    private static let guardBytes = [UInt8](repeating: 0xA5, count: 16)
    private let region: UnsafeMutableRawBufferPointer

    init(_ count: Int) {
        self.region = .allocate(byteCount: count + Room.guardBytes.count, alignment: 1)
        self.region[count...].copyBytes(from: Room.guardBytes)
    }

    /// The room; `check()` has to follow.
    var buffer: UnsafeMutableRawBufferPointer { .init(rebasing: self.region.dropLast(Room.guardBytes.count)) }

    /// Gives what was written.
    func take(_ written: Int) -> UnsafeRawBufferPointer {
        let room = self.region.count - Room.guardBytes.count
        require((0...room).contains(written), "\(written) bytes written into a room of \(room)")
        require(self.region[room...].elementsEqual(Room.guardBytes), "written behind a room of \(room)")
        return UnsafeRawBufferPointer(rebasing: self.region[..<written])
    }

    func deallocate() {
        self.region.deallocate()
    }
}

/// One end that inflates, watched at each step.
struct Inflation {
    /// What a decompressor takes beside its window (see its documentation).
    private static let stateSize = 8 << 10

    /// What became of a message.
    struct Result {
        var output: [UInt8] = []
        /// Nil when it ended.
        var error: ProtocolError?
    }

    var inflater: MessageInflater
    var sizes: Sizes
    private(set) var decompressor: Decompressor
    private let windowBits: Int
    /// What the decompressor has asked for.
    private var memory = 0

    init(windowBits: Int, inflater: MessageInflater, sizes: Sizes) {
        self.inflater = inflater
        self.sizes = sizes
        self.windowBits = windowBits
        self.decompressor = countingAllocations(into: &self.memory) { Decompressor(windowBits: windowBits) }
    }

    /// Forgets everything.
    mutating func renew() {
        self.memory = 0
        self.decompressor = countingAllocations(into: &self.memory) { [windowBits] in
            Decompressor(windowBits: windowBits)
        }
    }

    /// Lets go of the decompressor, and goes on with another one.
    mutating func resume(from history: [UInt8]) {
        self.memory = 0
        self.decompressor = countingAllocations(into: &self.memory) { [windowBits] in
            Decompressor(windowBits: windowBits, history: history)
        }
    }

    /// Inflates a message, each piece in a region of its own size, so that what is read behind it is never the right thing.
    mutating func inflate(_ message: [UInt8], isText: Bool, _ cut: Sizes.Cut, expecting count: Int) -> Result {
        self.inflater.begin(isText: isText)
        var result = Result()
        var used = 0
        var isLast = false
        var start = 0
        while !isLast {
            let end = start + self.sizes.piece(cut, of: message.count - start)
            // A message may end with a piece of nothing.
            isLast = end == message.count && (cut != .random || end == start || self.sizes.next(below: 2) == 0)
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 1)
            defer { piece.deallocate() }
            piece.copyBytes(from: message[start..<end])
            start = end
            var offset = 0
            while self.step(
                UnsafeRawBufferPointer(piece), &offset, isLast: isLast, room: self.sizes.room(cut, for: count), &used,
                &result)
            {}
            if result.error != nil { return result }
        }
        return result
    }

    /// Takes one step; false when the piece is done.
    private mutating func step(
        _ piece: UnsafeRawBufferPointer, _ offset: inout Int, isLast: Bool, room count: Int, _ used: inout Int,
        _ result: inout Result
    ) -> Bool {
        let room = Room(count)
        defer { room.deallocate() }
        let before = offset
        let step = countingAllocations(into: &self.memory) { [decompressor] in
            self.inflater.next(piece, at: &offset, isLast: isLast, into: room.buffer, with: decompressor)
        }
        result.output += room.take(step.count)
        require(before <= offset && offset <= piece.count, "offset from \(before) to \(offset) of \(piece.count)")
        used += offset - before
        let inflated = self.inflater.inflated
        require(inflated - 1 <= self.inflater.maxMessageSize, "\(inflated) bytes inflated")
        require(
            self.memory <= 1 << self.windowBits + Inflation.stateSize,
            "\(self.memory) bytes for a window of 2^\(self.windowBits)")
        if case .failed(let error) = step.outcome {
            require(step.count == 0, "\(step.count) bytes of a message that failed")
            require((error == self.ratioError) == self.isOverRatio(used), "\(error) after \(inflated) of \(used) bytes")
            result.error = error
            return false
        }
        require(inflated == result.output.count, "\(inflated) bytes inflated, \(result.output.count) given")
        require(inflated <= self.inflater.maxMessageSize, "\(inflated) bytes given")
        require(!self.isOverRatio(used), "\(inflated) bytes of \(used)")
        switch step.outcome {
        case .needsInput: require(!isLast && offset == piece.count, "\(offset) of \(piece.count) bytes used")
        case .needsRoom: require(step.count == count, "\(step.count) of \(count) bytes written")
        case .ended, .failed: require(isLast && offset == piece.count, "\(offset) of \(piece.count) bytes used")
        }
        return step.outcome == .needsRoom
    }

    private var ratioError: ProtocolError? {
        self.inflater.maxRatio.map { ProtocolError(.inflationRatio(limit: $0)) }
    }

    private func isOverRatio(_ used: Int) -> Bool {
        guard let ratio = self.inflater.maxRatio else { return false }
        let inflated = self.inflater.inflated
        return inflated <= self.inflater.maxMessageSize && inflated > DeflateConfiguration.ratioFloor
            && inflated > used * ratio
    }
}
