import Testing
import WebSocketCore

struct MaskingTests {
    /// The key's four bytes as they stand in the frame, and as the core holds them.
    private static let keyBytes: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
    private static let key: UInt32 = 0x3D21_FA37

    @Test func hello() {
        var bytes: [UInt8] = [0x48, 0x65, 0x6C, 0x6C, 0x6F]
        let next = bytes.withUnsafeMutableBytes { Masking.apply($0.baseAddress!, count: 5, key: Self.key) }
        #expect(bytes == [0x7F, 0x9F, 0x4D, 0x51, 0x58])
        // The sixth byte is combined with the key's second.
        #expect(next == 0x373D_21FA)
    }

    /// Every count over the vector, word and byte loops, at every alignment, against the RFC's formula; the bytes around
    /// stay as they were.
    @Test func everyCountAndAlignment() {
        for count in 0...100 {
            for lead in 0..<9 {
                let before = (0..<(lead + count + 9)).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ 5) }
                var expected = before
                for index in 0..<count { expected[lead + index] ^= Self.keyBytes[index % 4] }
                var bytes = before
                let next = bytes.withUnsafeMutableBytes {
                    Masking.apply($0.baseAddress! + lead, count: count, key: Self.key)
                }
                #expect(bytes == expected, "\(count) bytes at \(lead)")
                #expect(next & 0xFF == UInt32(Self.keyBytes[count % 4]), "\(count) bytes at \(lead)")
            }
        }
    }

    @Test func goesOnWithTheRotatedKey() {
        let before = (0..<67).map { UInt8($0) }
        let expected = before.enumerated().map { $1 ^ Self.keyBytes[$0 % 4] }
        for place in 0...67 {
            var bytes = before
            bytes.withUnsafeMutableBytes { region in
                let base = region.baseAddress!
                let rotated = Masking.apply(base, count: place, key: Self.key)
                _ = Masking.apply(base + place, count: 67 - place, key: rotated)
            }
            #expect(bytes == expected, "split at \(place)")
        }
    }

    @Test func copy() {
        let source = (0..<41).map { UInt8($0 &* 3) }
        var target = [UInt8](repeating: 0xEE, count: 43)
        source.withUnsafeBytes { from in
            target.withUnsafeMutableBytes { Masking.copy(from, to: $0.baseAddress! + 1, key: Self.key) }
        }
        #expect(target == [0xEE] + source.enumerated().map { $1 ^ Self.keyBytes[$0 % 4] } + [0xEE])
        #expect(source == (0..<41).map { UInt8($0 &* 3) })
    }

    @Test func copyOfNothing() {
        var target: [UInt8] = [0xEE]
        target.withUnsafeMutableBytes {
            Masking.copy(UnsafeRawBufferPointer(start: nil, count: 0), to: $0.baseAddress!, key: Self.key)
        }
        #expect(target == [0xEE])
    }
}
