import Testing
import WebSocketCore
import WebSocketDeflate

@Suite struct CompressorTests {
    static let texts: [String] = [
        "a", "Hello", String(repeating: "Hello, world. ", count: 10_000), String((0..<70_000).map { "\($0)" }.joined()),
    ]

    @Test(arguments: texts) func whatGoesInComesOut(text: String) {
        for room in [Compressor.minRoom, 8, 100, 4096] {
            let (deflation, inflation) = (Deflation(), Inflation())
            for _ in 0..<3 {
                #expect(inflation.inflate(deflation.deflate(Array(text.utf8), room: room)) == .success(text))
            }
        }
    }

    @Test func theExampleOfTheRFC() {
        let deflation = Deflation()
        #expect(deflation.deflate(Array("Hello".utf8)) == [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])
        #expect(deflation.deflate(Array("Hello".utf8)) == [0xf2, 0x00, 0x11, 0x00, 0x00])
        deflation.compressor.reset()
        #expect(deflation.deflate(Array("Hello".utf8)) == [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])
    }

    @Test func nothingComesOfNothing() {
        let deflation = Deflation()
        _ = deflation.deflate(Array("Hello".utf8))
        #expect(deflation.flush([]) == [])
        #expect(Inflation().inflate([Compressor.emptyBlock]) == .success(""))
    }

    @Test func piecesKeepTheirTails() {
        let deflation = Deflation()
        let bytes = deflation.flush(Array("Hel".utf8)) + deflation.flush(Array("lo".utf8)) + [Compressor.emptyBlock]
        for piece in [1, 3, 100] {
            #expect(Inflation().inflate(bytes, piece: piece) == .success("Hello"))
        }
    }

    @Test(arguments: [9, 10, 12, 15]) func theWindowIsKept(bits: Int) {
        // Random text repeats itself only where the window reaches.
        let block = (0..<2000).map { _ in UInt8.random(in: 0...255) }
        let deflation = Deflation(.init(level: 9, memLevel: 8, windowBits: bits))
        let compressed = deflation.deflate(block + block)
        #expect((compressed.count < 3000) == (bits >= 12))
        let inflation = Inflation(decompressor: Decompressor(windowBits: bits))
        #expect(
            inflation.inflate(compressed, isText: false) == .success(String(decoding: block + block, as: UTF8.self)))
    }

    @Test(arguments: [0, 1, 6, 9], [1, 8, 9]) func theBoundHolds(level: Int, memLevel: Int) {
        for count in [1, 100, 5000, 100_000] {
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255) }
            let deflation = Deflation(.init(level: level, memLevel: memLevel, windowBits: 9))
            #expect(deflation.flush(noise, room: 1 << 20).count <= deflation.compressor.bound(count))
        }
    }
}
