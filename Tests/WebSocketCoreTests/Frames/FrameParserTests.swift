import Testing
import WebSocketCore

/// Lengths, the first two bytes, and masks. Messages of several frames are in `FrameParser+MessagesTests.swift`.
struct FrameParserTests {
    // MARK: The RFC's own examples (section 5.7)

    @Test func unmaskedText() {
        expect([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], to: .client, gives: [.text("Hello")])
    }

    @Test func maskedText() {
        expect(
            [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], to: .server, gives: [.text("Hello")])
    }

    @Test func fragmentedText() {
        expect(
            [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F], to: .client,
            gives: [.text("Hel", last: false), .text("lo", first: false)])
    }

    @Test func pingAndMaskedPong() {
        expect([0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], to: .client, gives: [.ping(Array("Hello".utf8))])
        expect(
            [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], to: .server,
            gives: [.pong(Array("Hello".utf8))])
    }

    // MARK: Lengths

    /// Each form of the length at its least and its greatest value, the header written out.
    @Test(
        arguments: [
            ([0x82, 0x00], 0),
            ([0x82, 0x01], 1),
            ([0x82, 0x7D], 125),
            ([0x82, 0x7E, 0x00, 0x7E], 126),
            ([0x82, 0x7E, 0x00, 0x7F], 127),
            ([0x82, 0x7E, 0xFF, 0xFF], 65_535),
            ([0x82, 0x7F, 0, 0, 0, 0, 0x00, 0x01, 0x00, 0x00], 65_536),
        ] as [([UInt8], Int)])
    func length(header: [UInt8], count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        // A ping behind it shows that the frame ended where it should.
        expectInBothRoles([header + payload, [0x89, 0x01, 0x21]], gives: [.data(.binary, payload), .ping([0x21])])
    }

    @Test(
        arguments: [
            [0x82, 0x7E, 0x00, 0x00],
            [0x82, 0x7E, 0x00, 0x7D],
            [0x81, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0],
            [0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0x00, 0x7E],
            [0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
        ] as [[UInt8]])
    func lengthNotInShortestForm(header: [UInt8]) {
        expectInBothRoles([header], gives: [.error(.lengthNotMinimal)])
    }

    @Test func lengthWithHighestBit() {
        let header: [UInt8] = [0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0]
        expectInBothRoles([header], limits: .unlimited, gives: [.error(.lengthTooLarge)])
        let all: [UInt8] = [0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        expectInBothRoles([all], limits: .unlimited, gives: [.error(.lengthTooLarge)])
    }

    /// 2^63 - 1 is a length like any other when there is no limit.
    @Test func greatestLength() {
        let header: [UInt8] = [0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        expectInBothRoles(
            [header + [1, 2, 3]], limits: .unlimited,
            gives: [.data(.binary, [1, 2, 3], last: false, remaining: .max - 3)])
    }

    // MARK: The first two bytes

    /// All values of the first byte, as the first frame of a connection; a continuation is out of place there.
    @Test func everyFirstByte() {
        for first in UInt8.min...UInt8.max {
            let opcode = first & 0x0F
            let isFinal = first & 0x80 != 0
            let reserved = (first & 0x70) >> 4
            let expected: [Found]
            switch opcode {
            case _ where reserved != 0: expected = [.error(.reservedBits(reserved))]
            case 0x0: expected = [.error(.continuationWithoutMessage)]
            case 0x1: expected = [.data(.text, [], last: isFinal)]
            case 0x2: expected = [.data(.binary, [], last: isFinal)]
            case 0x3...0x7, 0xB...0xF: expected = [.error(.reservedOpcode(opcode))]
            case _ where !isFinal: expected = [.error(.fragmentedControl)]
            case 0x8: expected = [.close(.empty)]
            case 0x9: expected = [.ping([])]
            default: expected = [.pong([])]
            }
            expectInBothRoles([[first, 0x00]], gives: expected)
        }
    }

    @Test func reservedBitsWithCompression() {
        // RSV1 belongs to the first frame of a data message, and to no other; RSV2 and RSV3 to none.
        expectInBothRoles(
            [[0xC1, 0x01, 0x80]], allowsCompression: true, gives: [.data(.text, [0x80], compressed: true)])
        expectInBothRoles([[0xC2, 0x00]], allowsCompression: true, gives: [.data(.binary, [], compressed: true)])
        expectInBothRoles([[0x82, 0x00]], allowsCompression: true, gives: [.data(.binary, [])])
        expectInBothRoles([[0xC9, 0x00]], allowsCompression: true, gives: [.error(.reservedBits(4))])
        expectInBothRoles([[0xC8, 0x00]], allowsCompression: true, gives: [.error(.reservedBits(4))])
        expectInBothRoles([[0xE1, 0x00]], allowsCompression: true, gives: [.error(.reservedBits(6))])
        expectInBothRoles([[0x91, 0x00]], allowsCompression: true, gives: [.error(.reservedBits(1))])
        expectInBothRoles(
            [[0x41, 0x01, 0x80], [0xC0, 0x00]], allowsCompression: true,
            gives: [.data(.text, [0x80], last: false, compressed: true), .error(.compressedContinuation)])
        expectInBothRoles([[0xC1, 0x00]], gives: [.error(.reservedBits(4))])
    }

    @Test func maskDirection() {
        expect([0x81, 0x80], to: .client, gives: [.error(.maskUnexpected)])
        expect([0x89, 0x81], to: .client, gives: [.error(.maskUnexpected)])
        expect([0x81, 0x00], to: .server, gives: [.error(.maskMissing)])
        expect([0x88, 0x02], to: .server, gives: [.error(.maskMissing)])
    }

    /// What the first two bytes can tell is told before the third arrives.
    @Test(
        arguments: [
            ([0x83, 0x7F], .reservedOpcode(3)),
            ([0x89, 0x7E], .controlTooLong),
            ([0x8A, 0x7F], .controlTooLong),
            ([0x08, 0x02], .fragmentedControl),
            ([0x80, 0x7F], .continuationWithoutMessage),
            ([0xA1, 0x7E], .reservedBits(2)),
        ] as [([UInt8], ProtocolError.Code)])
    func refusedFromTwoBytes(header: [UInt8], code: ProtocolError.Code) {
        expect(header, to: .client, gives: [.error(code)])
        expect([header[0], header[1] | 0x80], to: .server, gives: [.error(code)])
        #expect(Run([[header[0]]], role: .client).found.isEmpty)
    }

    @Test func controlOfLongestAndTooLong() {
        let payload = [UInt8](repeating: 0xA5, count: 125)
        expectInBothRoles([[0x89, 0x7D] + payload], gives: [.ping(payload)])
        expectInBothRoles([[0x8A, 0x7D] + payload], gives: [.pong(payload)])
        expectInBothRoles([[0x89, 0x7E, 0x00, 0x7E] + payload], gives: [.error(.controlTooLong)])
    }

    // MARK: Incomplete frames

    @Test func incompleteHeadersAreLeft() {
        expect([], to: .client, gives: [])
        expect([0x81], to: .client, gives: [], rest: [0x81])
        expect([0x82, 0x7E, 0x01], to: .client, gives: [], rest: [0x82, 0x7E, 0x01])
        let wide: [UInt8] = [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0]
        expect(wide, to: .client, gives: [], rest: wide)
        expect([0x82, 0x83, 1, 2, 3], to: .server, gives: [], rest: [0x82, 0x83, 1, 2, 3])
    }

    @Test func incompleteControlIsLeftWhole() {
        expect([0x89, 0x03, 1, 2], to: .client, gives: [], rest: [0x89, 0x03, 1, 2])
        // Masked bytes that are left must not have been unmasked, or they would be a second time.
        expect([0x89, 0x83, 9, 8, 7, 6, 1, 2], to: .server, gives: [], rest: [0x89, 0x83, 9, 8, 7, 6, 1, 2])
    }

    @Test func incompleteDataIsReported() {
        expectInBothRoles([[0x82, 0x05, 1, 2]], gives: [.data(.binary, [1, 2], last: false, remaining: 3)])
        // A header alone reports nothing, and leaves nothing.
        expectInBothRoles([[0x82, 0x05]], gives: [])
    }

    @Test func insideFrame() {
        var parser = FrameParser(role: .client)
        #expect(!parser.isInsideFrame)
        var bytes: [UInt8] = [0x82, 0x02, 0x01]
        var offset = 0
        let event = bytes.withUnsafeMutableBytes { parser.next(in: $0, at: &offset) }
        #expect(
            event
                == .data(
                    .init(
                        range: 2..<3, opcode: .binary, isFirst: true, isLast: false, isCompressed: false,
                        remainingInFrame: 1)))
        #expect(offset == 3)
        #expect(parser.isInsideFrame)
        bytes = [0x02, 0x89]
        offset = 0
        _ = bytes.withUnsafeMutableBytes { parser.next(in: $0, at: &offset) }
        #expect(offset == 1)
        #expect(!parser.isInsideFrame)
    }

    /// Nothing follows a close or a failure.
    @Test func closeEndsTheStream() {
        expectInBothRoles([[0x88, 0x02, 0x03, 0xE8], [0x83, 0x00]], gives: [.close(.code(1000))])
        expectInBothRoles([[0x83, 0x00], [0x89, 0x00]], gives: [.error(.reservedOpcode(3))])
    }

    /// A frame in every three pieces, so that masks are taken up again at each distance from the key's first byte.
    @Test func masksOverOddSplits() {
        let payload = (0..<70).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
        let frame = mask([0x82, 70] + payload, key: [0x01, 0x20, 0x03, 0x40])
        for first in 0...frame.count {
            for second in first...frame.count {
                let run = Run(
                    [Array(frame[..<first]), Array(frame[first..<second]), Array(frame[second...])], role: .server)
                #expect(run.found == [.data(.binary, payload)], "split at \(first) and \(second)")
            }
        }
    }
}
