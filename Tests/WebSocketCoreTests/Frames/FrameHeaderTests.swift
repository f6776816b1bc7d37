import Testing
import WebSocketCore

struct FrameHeaderTests {
    /// Writes a header into a region with guards around it, and gives what was written.
    private func written(_ header: FrameHeader) -> [UInt8] {
        var region = [UInt8](repeating: 0xEE, count: FrameHeader.maxSize + 2)
        let count = region.withUnsafeMutableBytes { header.write(to: $0.baseAddress! + 1) }
        #expect(count == header.size)
        #expect(region[0] == 0xEE)
        #expect(region[(1 + count)...].allSatisfy { $0 == 0xEE })
        return Array(region[1..<(1 + count)])
    }

    @Test(
        arguments: [
            (0, [0x82, 0x00]),
            (1, [0x82, 0x01]),
            (125, [0x82, 0x7D]),
            (126, [0x82, 0x7E, 0x00, 0x7E]),
            (127, [0x82, 0x7E, 0x00, 0x7F]),
            (65_535, [0x82, 0x7E, 0xFF, 0xFF]),
            (65_536, [0x82, 0x7F, 0, 0, 0, 0, 0x00, 0x01, 0x00, 0x00]),
            (.max, [0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        ] as [(Int, [UInt8])])
    func lengths(count: Int, bytes: [UInt8]) {
        #expect(self.written(FrameHeader(opcode: .binary, payloadCount: count)) == bytes)
        let masked = FrameHeader(opcode: .binary, payloadCount: count, maskingKey: 0x3D21_FA37)
        #expect(self.written(masked) == [0x82, bytes[1] | 0x80] + bytes[2...] + [0x37, 0xFA, 0x21, 0x3D])
    }

    @Test func firstByte() {
        #expect(self.written(FrameHeader(opcode: .text, payloadCount: 0)) == [0x81, 0x00])
        #expect(self.written(FrameHeader(opcode: .text, isFinal: false, payloadCount: 0)) == [0x01, 0x00])
        #expect(self.written(FrameHeader(opcode: .text, isCompressed: true, payloadCount: 0)) == [0xC1, 0x00])
        #expect(self.written(FrameHeader(opcode: .continuation, isFinal: false, payloadCount: 3)) == [0x00, 0x03])
        #expect(self.written(FrameHeader(opcode: .pong, payloadCount: 125)) == [0x8A, 0x7D])
    }

    @Test func longest() {
        let header = FrameHeader(opcode: .binary, payloadCount: .max, maskingKey: 0)
        #expect(header.size == FrameHeader.maxSize)
    }

    /// What is written is what the parser of the other end reads.
    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536], [nil, 0x0403_0201] as [UInt32?])
    func roundTrip(count: Int, key: UInt32?) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let header = FrameHeader(opcode: .binary, isCompressed: true, payloadCount: count, maskingKey: key)
        var bytes = self.written(header)
        bytes += key == nil ? payload : payload.enumerated().map { $1 ^ [1, 2, 3, 4][$0 % 4] }
        let run = Run([bytes], role: key == nil ? .client : .server, allowsCompression: true)
        #expect(run.found == [.data(.binary, payload, compressed: true)])
    }
}
