import Testing
import WebSocketCore
import WebSocketDeflate

/// The examples are those of RFC 7692, section 7.2.3.
@Suite struct MessageInflaterTests {
    @Test(
        arguments: [
            ("compressed with fixed codes", [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]),
            ("stored", [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]),
            ("last block", [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]),
            ("two blocks", [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00]),
        ] as [(String, [UInt8])])
    func example(name: String, bytes: [UInt8]) {
        for piece in [1, 2, 3, 100] {
            for room in [1, 2, 4, 5, 6, 100] {
                let inflation = Inflation()
                #expect(
                    inflation.inflate(bytes, piece: piece, room: room) == .success("Hello"), "\(name) \(piece) \(room)")
                // What the decompressor is left with serves the next message.
                #expect(
                    inflation.inflate(bytes, piece: piece, room: room) == .success("Hello"), "\(name) \(piece) \(room)")
            }
        }
    }

    @Test func messagesShareTheirContext() {
        let inflation = Inflation()
        #expect(inflation.inflate([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]) == .success("Hello"))
        #expect(inflation.inflate([0xf2, 0x00, 0x11, 0x00, 0x00]) == .success("Hello"))
    }

    @Test func aContextOutlivesALastBlock() {
        let inflation = Inflation()
        #expect(inflation.inflate([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]) == .success("Hello"))
        #expect(inflation.inflate([0xf2, 0x00, 0x11, 0x00, 0x00]) == .success("Hello"))
    }

    @Test func emptyMessage() {
        let inflation = Inflation()
        #expect(inflation.inflate([0x00]) == .success(""))
        #expect(inflation.inflate([0x00]) == .success(""))
        // A last block that is empty, and lacks its tail.
        #expect(inflation.inflate([0x01]) == .success(""))
        #expect(inflation.inflate([0x00]) == .success(""))
    }

    @Test(
        arguments: [
            [], [0xf2], [0xf2, 0x48, 0xcd], [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07], [0xff], [0x06, 0x00],
            [0x00, 0x06, 0x00, 0xf9, 0xff, 0x48], [0x00, 0x05, 0x00, 0x00, 0x00],
            // Refers to what was never there.
            [0xf2, 0x00, 0x11, 0x00, 0x00],
        ] as [[UInt8]])
    func badData(bytes: [UInt8]) {
        for piece in [1, 100] {
            let result = Inflation().inflate(bytes, isText: false, piece: piece)
            #expect(result == .failure(ProtocolError(.invalidDeflate)))
        }
    }

    @Test func badTextFailsAsItComesOut() {
        let bytes = [UInt8](repeating: 0x41, count: 1000) + [0xC3, 0x28]
        let compressed = Deflation().deflate(bytes)
        #expect(Inflation().inflate(compressed) == .failure(ProtocolError(.invalidUTF8)))
        #expect(Inflation().inflate(compressed, isText: false) == .success(String(decoding: bytes, as: UTF8.self)))
        // Half a character at the end.
        let half = Deflation().deflate([0x41, 0xC3])
        #expect(Inflation().inflate(half) == .failure(ProtocolError(.invalidUTF8)))
    }

    @Test func theLimitHoldsForWhatComesOut() {
        let bytes = [UInt8](repeating: 0x41, count: 10_000_000)
        let compressed = Deflation().deflate(bytes)
        #expect(compressed.count < 11_000)
        let exact = Inflation(maxMessageSize: 10_000_000)
        #expect(exact.inflate(compressed, room: 1 << 16).map(\.utf8.count) == .success(10_000_000))
        let less = Inflation(maxMessageSize: 9_999_999)
        #expect(less.inflate(compressed, room: 1 << 16) == .failure(ProtocolError(.inflatedTooBig(limit: 9_999_999))))
        let small = Inflation(maxMessageSize: 1000)
        #expect(small.inflate(compressed, room: 1 << 16) == .failure(ProtocolError(.inflatedTooBig(limit: 1000))))
        // It was cut off right behind the limit.
        #expect(small.out == 0 && small.state.inflated == 1001)
    }

    @Test func theRatioHolds() {
        let flat = Deflation().deflate([UInt8](repeating: 0x41, count: 1_000_000))
        #expect(
            Inflation(maxRatio: 100).inflate(flat, room: 1000) == .failure(ProtocolError(.inflationRatio(limit: 100))))
        #expect(Inflation(maxRatio: 1100).inflate(flat, room: 1000).map(\.utf8.count) == .success(1_000_000))
        // Short ones may be as flat as they like.
        let short = Deflation().deflate([UInt8](repeating: 0x41, count: DeflateConfiguration.ratioFloor))
        #expect(Inflation(maxRatio: 2).inflate(short).map(\.utf8.count) == .success(DeflateConfiguration.ratioFloor))
    }

    @Test func aDecompressorGoesOnFromItsHistory() {
        let first = Inflation()
        let deflation = Deflation()
        let text = String((0..<100_000).map { _ in "abcdefgh".randomElement()! })
        #expect(first.inflate(deflation.deflate(Array(text.utf8))) == .success(text))
        let history = first.decompressor.history
        #expect(history == Array(text.utf8.suffix(1 << 15)))
        let second = Inflation(decompressor: Decompressor(windowBits: 15, history: history))
        #expect(
            second.inflate(deflation.deflate(Array(text.utf8.suffix(20_000)))) == .success(String(text.suffix(20_000))))
    }

    @Test func aResetDecompressorKnowsNothing() {
        let inflation = Inflation()
        #expect(inflation.inflate([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]) == .success("Hello"))
        inflation.decompressor.reset()
        #expect(inflation.inflate([0xf2, 0x00, 0x11, 0x00, 0x00]) == .failure(ProtocolError(.invalidDeflate)))
    }

    @Test(arguments: 8...15) func aSmallWindowInflates(bits: Int) {
        // What is compressed with a window of 2^9 refers at most 250 bytes back, which 2^8 holds.
        let deflation = Deflation(.init(level: 6, memLevel: 8, windowBits: max(bits, 9)))
        let text = String((0..<10_000).map { _ in "ab".randomElement()! })
        let inflation = Inflation(decompressor: Decompressor(windowBits: bits))
        #expect(inflation.inflate(deflation.deflate(Array(text.utf8))) == .success(text))
    }

    /// Found by the fuzzer: a last block that ends within the tail ends no message, whatever follows in the tail, and whatever
    /// room there is.
    @Test(
        arguments: [
            [0x05, 0xe0, 0x01, 0x09, 0x00, 0x00, 0x00, 0x80, 0x20, 0x6c, 0xf5, 0xff, 0x09, 0x05],
            [
                0x05, 0xe0, 0x01, 0x92, 0x24, 0x49, 0x92, 0x24, 0x49, 0xbc, 0x15, 0x81, 0x58, 0xd4, 0x3c, 0xb2, 0xfa,
                0xa1,
                0xf3, 0xac, 0x41, 0x05,
            ],
        ] as [[UInt8]])
    func aLastBlockWithinTheTail(bytes: [UInt8]) {
        for room in 1...40 {
            let result = Inflation().inflate(bytes, isText: false, room: room)
            #expect(result == .failure(ProtocolError(.invalidDeflate)), "room \(room)")
        }
    }
}
