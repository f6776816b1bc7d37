import Testing
import WebSocketDeflate

@testable import WebSocketNIO

@Suite struct DeflatePoolTests {
    private static func deflate(_ bytes: [UInt8], _ compressor: Compressor) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 100)
        var offset = 0
        let count = bytes.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { compressor.compress(input, at: &offset, into: $0).written }
        }
        return output.prefix(count).dropLast(Compressor.tail.count)
    }

    private static func inflate(_ bytes: [UInt8], _ decompressor: Decompressor) -> [UInt8]? {
        var inflater = MessageInflater(maxMessageSize: 1000)
        inflater.begin(isText: false)
        var output = [UInt8](repeating: 0, count: 100)
        var offset = 0
        let step = bytes.withUnsafeBytes { input in
            output.withUnsafeMutableBytes {
                inflater.next(input, at: &offset, isLast: true, into: $0, with: decompressor)
            }
        }
        return step.outcome == .ended ? Array(output.prefix(step.count)) : nil
    }

    /// Where a loop has it.
    private final class Loop {
        private(set) var pool = DeflatePool()

        func takeCompressor(_ level: Int = 6) -> Compressor {
            self.pool.takeCompressor(.init(level: level, memLevel: 8, windowBits: 15))
        }
        func takeDecompressor() -> Decompressor { self.pool.takeDecompressor() }
        func giveBack(_ compressor: Compressor) { self.pool.giveBack(compressor) }
        func giveBack(_ decompressor: Decompressor) { self.pool.giveBack(decompressor) }
    }

    @Test func whatComesBackIsUsedAgain() {
        let loop = Loop()
        let compressor = loop.takeCompressor()
        let decompressor = loop.takeDecompressor()
        #expect(loop.pool.compressors.isEmpty && loop.pool.decompressors.isEmpty)
        #expect(loop.takeCompressor() !== compressor)
        #expect(loop.takeDecompressor() !== decompressor)
        loop.giveBack(compressor)
        loop.giveBack(decompressor)
        #expect(loop.pool.compressors.count == 1 && loop.pool.decompressors.count == 1)
        #expect(loop.takeCompressor() === compressor)
        #expect(loop.takeDecompressor() === decompressor)
        #expect(loop.pool.compressors.isEmpty && loop.pool.decompressors.isEmpty)
    }

    @Test func itHasForgotten() {
        let loop = Loop()
        let compressor = loop.takeCompressor()
        #expect(Self.deflate(Hello.text, compressor) == Hello.first)
        loop.giveBack(compressor)
        #expect(Self.deflate(Hello.text, loop.takeCompressor()) == Hello.first)
        let decompressor = loop.takeDecompressor()
        #expect(Self.inflate(Hello.first, decompressor) == Hello.text)
        loop.giveBack(decompressor)
        let again = loop.takeDecompressor()
        #expect(again === decompressor)
        #expect(Self.inflate(Hello.again, again) == nil)
        // Nor does an error stay.
        loop.giveBack(again)
        #expect(Self.inflate(Hello.first, loop.takeDecompressor()) == Hello.text)
    }

    @Test func onlyWithTheSameSettings() {
        let loop = Loop()
        let (first, second) = (loop.takeCompressor(1), loop.takeCompressor(9))
        #expect(first.settings.level == 1 && second.settings.level == 9)
        loop.giveBack(first)
        loop.giveBack(second)
        let other = loop.takeCompressor()
        #expect(other !== first && other !== second)
        #expect(loop.takeCompressor(1) === first)
        #expect(loop.takeCompressor(9) === second)
    }

    @Test func decompressorsInflateAnyWindow() {
        let loop = Loop()
        #expect(loop.takeDecompressor().windowBits == 15)
    }

    @Test func onlySoManyAreKept() {
        let loop = Loop()
        let compressors = (0...DeflatePool.kept).map { loop.takeCompressor($0) }
        let decompressors = (0...DeflatePool.kept).map { _ in loop.takeDecompressor() }
        for compressor in compressors { loop.giveBack(compressor) }
        for decompressor in decompressors { loop.giveBack(decompressor) }
        #expect(loop.pool.compressors.count == DeflatePool.kept)
        #expect(loop.pool.decompressors.count == DeflatePool.kept)
        // The one that was unused for longest has gone.
        #expect(loop.takeCompressor(0) !== compressors[0])
        #expect(loop.takeCompressor(1) === compressors[1])
    }
}
