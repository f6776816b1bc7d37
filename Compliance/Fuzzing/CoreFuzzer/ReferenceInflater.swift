import WebSocketDeflate

/// Another decoder of raw deflate, written from RFC 1951, slow and simple: what zlib's results are compared with. Unlike
/// zlib it is built with coverage counters, and so the fuzzer finds its way into blocks of all kinds.
struct ReferenceInflater {
    /// The largest window that there is (RFC 1951, section 2).
    static let window = 1 << 15

    /// What a message is.
    struct Message {
        enum End {
            case complete
            case invalid
            case tooBig
        }

        /// What comes out until its end: one byte more than the limit when it is too big.
        var output: [UInt8] = []
        var end = End.complete
        /// How far back it refers.
        var farthest = 0
    }

    /// The last 32 KiB that came out.
    private(set) var history: [UInt8] = []

    mutating func reset() {
        self.history = []
    }

    /// Inflates a message by RFC 7692, section 7.2.2: with the tail that it leaves out, it consists of whole blocks.
    mutating func inflate(_ message: [UInt8], limit: Int) -> Message {
        var decoder = Decoder(bytes: message + Compressor.tail, history: self.history, limit: limit)
        var end = Message.End.complete
        do { try decoder.blocks() } catch { end = error }
        let result = Message(
            output: Array(decoder.output[self.history.count...]), end: end, farthest: decoder.farthest)
        self.history = Array(decoder.output[max(0, decoder.output.count - ReferenceInflater.window)...])
        return result
    }
}

extension ReferenceInflater.Message.End: Error {}

/// A canonical Huffman code (RFC 1951, section 3.2.2).
private struct Code {
    /// How many symbols have a code of each length.
    private var counts = [Int](repeating: 0, count: 16)
    /// The symbols in the order of their codes.
    private var symbols: [Int] = []

    /// Makes the code from a length for each symbol; nil when there are too many codes, or too few.
    init?(_ lengths: ArraySlice<Int>, allowsSingle: Bool) {
        for length in lengths where length > 0 { self.counts[length] += 1 }
        var left = 1
        for length in 1...15 {
            left = left * 2 - self.counts[length]
            guard left >= 0 else { return nil }
        }
        // One code alone leaves one bit pattern without a meaning, and a block without distances has no code for them.
        guard left == 0 || allowsSingle && self.counts[2...].allSatisfy({ $0 == 0 }) else { return nil }
        for length in 1...15 {
            self.symbols += lengths.indices.filter { lengths[$0] == length }.map { $0 - lengths.startIndex }
        }
    }

    func symbol(nextBit: () throws(ReferenceInflater.Message.End) -> Int) throws(ReferenceInflater.Message.End) -> Int {
        var (code, first, index) = (0, 0, 0)
        for length in 1...15 {
            code |= try nextBit()
            let count = self.counts[length]
            if code < first + count { return self.symbols[index + code - first] }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        throw .invalid
    }
}

private let fixedLiterals = Code(
    ([Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112) + [Int](repeating: 7, count: 24)
        + [Int](repeating: 8, count: 8))[...], allowsSingle: false)!
private let fixedDistances = Code([Int](repeating: 5, count: 32)[...], allowsSingle: false)!

private struct Decoder {
    private let bytes: [UInt8]
    private let limit: Int
    private let start: Int
    /// The next bit.
    private var position = 0
    /// The history, and what came out since.
    private(set) var output: [UInt8]
    private(set) var farthest = 0

    init(bytes: [UInt8], history: [UInt8], limit: Int) {
        self.bytes = bytes
        self.limit = limit
        self.start = history.count
        self.output = history
    }

    mutating func blocks() throws(ReferenceInflater.Message.End) {
        let end = self.bytes.count * 8
        while self.position < end {
            let isLast = try self.bit() == 1
            switch try self.bits(2) {
            case 0: try self.stored()
            case 1: try self.codes(fixedLiterals, fixedDistances)
            case 2: try self.dynamic()
            default: throw .invalid
            }
            if isLast {
                // What fills up its last byte means nothing, but the tail is there to the last bit.
                guard end - self.position == 0 || end - self.position >= 8 else { throw .invalid }
                self.position = (self.position + 7) & ~7
            }
        }
    }

    private mutating func bit() throws(ReferenceInflater.Message.End) -> Int {
        guard self.position < self.bytes.count * 8 else { throw .invalid }
        defer { self.position += 1 }
        return Int(self.bytes[self.position >> 3] >> UInt8(self.position & 7)) & 1
    }

    private mutating func bits(_ count: Int) throws(ReferenceInflater.Message.End) -> Int {
        var value = 0
        for index in 0..<count { value |= try self.bit() << index }
        return value
    }

    /// One byte more than the limit comes out, and no more.
    private var room: Int { self.limit + 1 - (self.output.count - self.start) }

    private mutating func write(_ byte: UInt8) throws(ReferenceInflater.Message.End) {
        self.output.append(byte)
        guard self.room > 0 else { throw .tooBig }
    }

    private mutating func stored() throws(ReferenceInflater.Message.End) {
        self.position = (self.position + 7) & ~7
        let count = try self.bits(16)
        guard try self.bits(16) == ~count & 0xFFFF else { throw .invalid }
        for _ in 0..<count { try self.write(UInt8(self.bits(8))) }
    }

    private mutating func symbol(_ code: Code) throws(ReferenceInflater.Message.End) -> Int {
        try code.symbol { () throws(ReferenceInflater.Message.End) in try self.bit() }
    }

    private mutating func dynamic() throws(ReferenceInflater.Message.End) {
        let literals = try self.bits(5) + 257
        let distances = try self.bits(5) + 1
        let count = try self.bits(4) + 4
        guard literals <= 286, distances <= 30 else { throw .invalid }
        var lengths = [Int](repeating: 0, count: 19)
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].prefix(count) {
            lengths[symbol] = try self.bits(3)
        }
        guard let lengthCode = Code(lengths[...], allowsSingle: false) else { throw .invalid }
        var all: [Int] = []
        while all.count < literals + distances {
            switch try self.symbol(lengthCode) {
            case 16:
                guard let last = all.last else { throw .invalid }
                all += try [Int](repeating: last, count: 3 + self.bits(2))
            case 17: all += try [Int](repeating: 0, count: 3 + self.bits(3))
            case 18: all += try [Int](repeating: 0, count: 11 + self.bits(7))
            case let length: all.append(length)
            }
        }
        // A block without an end is none.
        guard all.count == literals + distances, all[256] > 0,
            let literalCode = Code(all[..<literals], allowsSingle: true),
            let distanceCode = Code(all[literals...], allowsSingle: true)
        else { throw .invalid }
        try self.codes(literalCode, distanceCode)
    }

    private mutating func codes(_ literals: Code, _ distances: Code) throws(ReferenceInflater.Message.End) {
        while true {
            let symbol = try self.symbol(literals)
            if symbol == 256 { return }
            if symbol < 256 {
                try self.write(UInt8(symbol))
                continue
            }
            guard symbol <= 285 else { throw .invalid }
            // Groups of four lengths, each group of them with one bit more to say which; the last is a length of its own.
            let step = symbol - 257
            var length = 258
            if symbol < 285 {
                let extra = step < 8 ? 0 : step / 4 - 1
                length = try 3 + (step < 8 ? step : (4 + step % 4) << extra) + self.bits(extra)
            }
            let place = try self.symbol(distances)
            guard place <= 29 else { throw .invalid }
            let extra = place < 4 ? 0 : place / 2 - 1
            let distance = try 1 + (place < 4 ? place : (2 + place % 2) << extra) + self.bits(extra)
            guard distance <= self.output.count else { throw .invalid }
            self.farthest = max(self.farthest, distance)
            try self.copy(min(length, self.room), from: self.output.count - distance)
        }
    }

    private mutating func copy(_ count: Int, from start: Int) throws(ReferenceInflater.Message.End) {
        var left = count
        while left > 0 {
            // What was copied is there to be copied.
            let part = Array(self.output[start...].prefix(left))
            self.output += part
            left -= part.count
        }
        guard self.room > 0 else { throw .tooBig }
    }
}
