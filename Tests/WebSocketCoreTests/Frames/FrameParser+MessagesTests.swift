import Testing
import WebSocketCore

/// Messages of several frames, text, limits, and Close frames.
struct FrameParserMessagesTests {
    // MARK: Fragmentation (section 5.4)

    @Test func controlFramesBetweenFragments() {
        expectInBothRoles(
            [
                [0x01, 0x02, 0x61, 0x62], [0x89, 0x01, 0x31], [0x00, 0x00], [0x8A, 0x00], [0x00, 0x01, 0x63],
                [0x89, 0x00], [0x80, 0x01, 0x64], [0x82, 0x01, 0xFF],
            ],
            gives: [
                .text("ab", last: false), .ping([0x31]), .text("", first: false, last: false), .pong([]),
                .text("c", first: false, last: false), .ping([]), .text("d", first: false), .data(.binary, [0xFF]),
            ])
    }

    @Test func emptyFragments() {
        expectInBothRoles(
            [[0x02, 0x00], [0x00, 0x00], [0x80, 0x00]],
            gives: [
                .data(.binary, [], last: false), .data(.binary, [], first: false, last: false),
                .data(.binary, [], first: false),
            ])
    }

    @Test func closeBetweenFragments() {
        expectInBothRoles(
            [[0x01, 0x01, 0x61], [0x88, 0x00], [0x80, 0x00]], gives: [.text("a", last: false), .close(.empty)])
    }

    @Test func fragmentsOutOfOrder() {
        expectInBothRoles([[0x80, 0x00]], gives: [.error(.continuationWithoutMessage)])
        expectInBothRoles(
            [[0x81, 0x00], [0x00, 0x00]], gives: [.text(""), .error(.continuationWithoutMessage)])
        expectInBothRoles(
            [[0x01, 0x00], [0x80, 0x00], [0x80, 0x00]],
            gives: [.text("", last: false), .text("", first: false), .error(.continuationWithoutMessage)])
        expectInBothRoles(
            [[0x01, 0x00], [0x81, 0x00]], gives: [.text("", last: false), .error(.messageInterrupted)])
        expectInBothRoles(
            [[0x02, 0x00], [0x89, 0x00], [0x02, 0x00]],
            gives: [.data(.binary, [], last: false), .ping([]), .error(.messageInterrupted)])
    }

    /// A compressed message stays one over its continuations, and the next is not.
    @Test func compressedFragments() {
        expectInBothRoles(
            [[0x41, 0x01, 0xFF], [0x80, 0x01, 0xFE], [0x81, 0x01, 0x61]], allowsCompression: true,
            gives: [
                .data(.text, [0xFF], last: false, compressed: true),
                .data(.text, [0xFE], first: false, compressed: true), .text("a"),
            ])
    }

    // MARK: Text (section 8.1)

    @Test func textOverFragments() {
        // "é" and "𝄞" with a cut in each; a ping stands in the middle of the latter.
        expectInBothRoles(
            [[0x01, 0x01, 0xC3], [0x00, 0x03, 0xA9, 0xF0, 0x9D], [0x89, 0x01, 0xFF], [0x80, 0x02, 0x84, 0x9E]],
            gives: [
                .data(.text, [0xC3], last: false), .data(.text, [0xA9, 0xF0, 0x9D], first: false, last: false),
                .ping([0xFF]), .data(.text, [0x84, 0x9E], first: false),
            ])
    }

    @Test func textCutShort() {
        expectInBothRoles([[0x81, 0x03, 0x61, 0xE2, 0x82]], gives: [.error(.invalidUTF8)])
        expectInBothRoles(
            [[0x01, 0x01, 0xE2], [0x80, 0x01, 0x82]], gives: [.data(.text, [0xE2], last: false), .error(.invalidUTF8)])
        expectInBothRoles(
            [[0x01, 0x01, 0xE2], [0x80, 0x00]], gives: [.data(.text, [0xE2], last: false), .error(.invalidUTF8)])
    }

    @Test func binaryIsNotText() {
        expectInBothRoles([[0x82, 0x02, 0xC3, 0x28]], gives: [.data(.binary, [0xC3, 0x28])])
        // Nor is what a binary message ends with held against the text that follows.
        expectInBothRoles([[0x82, 0x01, 0xE2], [0x81, 0x01, 0x61]], gives: [.data(.binary, [0xE2]), .text("a")])
    }

    /// The failure comes with the first bad byte, not at the frame's or the message's end.
    @Test(
        arguments: [
            ([0x61, 0x62, 0xFF], 2),
            ([0xC0, 0xAF], 0),
            ([0xE0, 0x9F], 1),
            ([0xED, 0xA0, 0x80], 1),
            ([0xF4, 0x90], 1),
            ([0xE2, 0x82, 0x41], 2),
            (
                [
                    0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61,
                    0x61, 0x80,
                ], 17
            ),
        ] as [([UInt8], Int)])
    func firstBadByte(text: [UInt8], bad: Int) {
        // The frame promises 100 bytes, of which these are the first.
        let frame = [0x01, 100] + text
        for (bytes, role, header) in [(frame, Role.client, 2), (mask(frame, key: [1, 2, 3, 4]), .server, 6)] {
            expect(bytes, to: role, gives: [.error(.invalidUTF8)])
            let dripped = Run(bytes.map { [$0] }, role: role)
            #expect(dripped.handed == header + bad + 1, "to a \(role)")
            // One byte less, and nothing is wrong yet.
            let before = Run([Array(bytes[..<(header + bad)])], role: role)
            #expect(
                before.found
                    == (bad == 0 ? [] : [.data(.text, Array(text[..<bad]), last: false, remaining: 100 - bad)]))
        }
    }

    // MARK: Limits

    private static let small = Limits(maxFrameSize: 10, maxMessageSize: 15, maxFragments: 3)

    @Test func frameLimit() {
        let ten = [UInt8](repeating: 1, count: 10)
        expectInBothRoles([[0x82, 0x0A] + ten], limits: Self.small, gives: [.data(.binary, ten)])
        // From the length alone: neither the key nor the payload has arrived.
        expect([0x82, 0x0B], to: .client, limits: Self.small, gives: [.error(.frameTooBig(size: 11, limit: 10))])
        expect([0x82, 0x8B], to: .server, limits: Self.small, gives: [.error(.frameTooBig(size: 11, limit: 10))])
        let wide: [UInt8] = [0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        expect(wide, to: .client, limits: Self.small, gives: [.error(.frameTooBig(size: .max, limit: 10))])
    }

    @Test func frameLimitIsNotForControlFrames() {
        let payload = [UInt8](repeating: 0x70, count: 125)
        expectInBothRoles([[0x89, 0x7D] + payload], limits: Limits(maxMessageSize: 0), gives: [.ping(payload)])
    }

    @Test func messageLimit() {
        let ten = [UInt8](repeating: 1, count: 10)
        let five = [UInt8](repeating: 2, count: 5)
        expectInBothRoles(
            [[0x02, 0x0A] + ten, [0x80, 0x05] + five], limits: Self.small,
            gives: [.data(.binary, ten, last: false), .data(.binary, five, first: false)])
        expectInBothRoles(
            [[0x02, 0x0A] + ten, [0x80, 0x06]], limits: Self.small,
            gives: [.data(.binary, ten, last: false), .error(.messageTooBig(size: 16, limit: 15))])
        // The next message starts anew.
        expectInBothRoles(
            [[0x82, 0x0A] + ten, [0x82, 0x0A] + ten], limits: Self.small,
            gives: [.data(.binary, ten), .data(.binary, ten)])
    }

    /// What one message took is not counted against the next, whose fragments go up to the limits again.
    @Test func limitsAreEachMessagesOwn() {
        let message: [[UInt8]] = [
            [0x02, 0x05, 1, 2, 3, 4, 5], [0x00, 0x05, 6, 7, 8, 9, 10], [0x80, 0x05, 1, 1, 1, 1, 1],
        ]
        let found: [Found] = [
            .data(.binary, [1, 2, 3, 4, 5], last: false), .data(.binary, [6, 7, 8, 9, 10], first: false, last: false),
            .data(.binary, [1, 1, 1, 1, 1], first: false),
        ]
        expectInBothRoles(message + message, limits: Self.small, gives: found + found)
    }

    /// A first frame can break the message's limit as well.
    @Test func messageLimitBelowFrameLimit() {
        let limits = Limits(maxFrameSize: 100, maxMessageSize: 4)
        expect([0x82, 0x05], to: .client, limits: limits, gives: [.error(.messageTooBig(size: 5, limit: 4))])
        expect([0x81, 0x85], to: .server, limits: limits, gives: [.error(.messageTooBig(size: 5, limit: 4))])
    }

    @Test func fragmentLimit() {
        let start: [[UInt8]] = [[0x02, 0x00], [0x00, 0x00], [0x89, 0x00]]
        let found: [Found] = [
            .data(.binary, [], last: false), .data(.binary, [], first: false, last: false), .ping([]),
        ]
        expectInBothRoles(
            start + [[0x80, 0x00], [0x82, 0x00]], limits: Self.small,
            gives: found + [.data(.binary, [], first: false), .data(.binary, [])])
        expectInBothRoles(
            start + [[0x00, 0x00], [0x80, 0x00]], limits: Self.small,
            gives: found + [.data(.binary, [], first: false, last: false), .error(.tooManyFragments(limit: 3))])
    }

    /// Sizes whose sum is beyond `Int.max` are too big; they do not trap, and do not wrap around to something small.
    @Test func sumsBeyondIntMax() {
        let greatest: [UInt8] = [0x80, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        let oneLess: [UInt8] = [0x80, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]
        expectInBothRoles(
            [[0x02, 0x01, 0x41], greatest], limits: .unlimited,
            gives: [.data(.binary, [0x41], last: false), .error(.messageTooBig(size: .max, limit: .max))])
        expectInBothRoles(
            [[0x02, 0x01, 0x41], oneLess + [0x42]], limits: .unlimited,
            gives: [
                .data(.binary, [0x41], last: false),
                .data(.binary, [0x42], first: false, last: false, remaining: .max - 2),
            ])
        expectInBothRoles(
            [[0x02, 0x01, 0x41], greatest],
            limits: Limits(maxFrameSize: .max, maxMessageSize: .max - 1),
            gives: [.data(.binary, [0x41], last: false), .error(.messageTooBig(size: .max, limit: .max - 1))])
    }

    // MARK: Close frames (section 5.5.1); what may stand in one is in `CloseFrameTests.swift`.

    @Test func closeFrames() throws {
        expectInBothRoles([[0x88, 0x00]], gives: [.close(.empty)])
        expectInBothRoles([[0x88, 0x02, 0x03, 0xE9]], gives: [.close(.code(1001))])
        expectInBothRoles(
            [[0x88, 0x05, 0x0F, 0xA0, 0x62, 0x79, 0x65]],
            gives: [.close(try CloseFrame(code: 4000, reason: "bye"))])
        expectInBothRoles([[0x88, 0x01, 0x03]], gives: [.error(.closePayloadOfOneByte)])
        expectInBothRoles([[0x88, 0x02, 0x03, 0xED]], gives: [.error(.invalidCloseCode(1005))])
        expectInBothRoles([[0x88, 0x03, 0x03, 0xE8, 0xC3]], gives: [.error(.invalidUTF8)])
    }

    @Test func longestCloseReason() throws {
        let reason = String(repeating: "é", count: 61) + "!"
        expectInBothRoles(
            [[0x88, 0x7D, 0x03, 0xE8] + reason.utf8],
            gives: [.close(try CloseFrame(code: .normalClosure, reason: reason))])
    }
}
