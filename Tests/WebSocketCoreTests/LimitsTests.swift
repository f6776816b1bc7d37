import Testing
import WebSocketCore

/// The values; how they are enforced is in `Frames/FrameParser+MessagesTests.swift`.
struct LimitsTests {
    @Test func defaults() {
        let limits = Limits()
        #expect(limits.maxFrameSize == 16_777_216)
        #expect(limits.maxMessageSize == 16_777_216)
        #expect(limits.maxFragments == 262_144)
    }

    @Test func oneSizeForBoth() {
        let limits = Limits(maxMessageSize: 99)
        #expect(limits == Limits(maxFrameSize: 99, maxMessageSize: 99, maxFragments: 262_144))
        #expect(limits != Limits(maxFrameSize: 98, maxMessageSize: 99))
    }

    @Test func unlimited() {
        #expect(Limits.unlimited == Limits(maxFrameSize: .max, maxMessageSize: .max, maxFragments: .max))
    }

    /// The defaults where they matter: one byte more is refused from the header.
    @Test func defaultsAreEnforced() {
        let most: [UInt8] = [0x82, 0x7F, 0, 0, 0, 0, 0x01, 0x00, 0x00, 0x00]
        expectInBothRoles([most], gives: [])
        let more: [UInt8] = [0x82, 0x7F, 0, 0, 0, 0, 0x01, 0x00, 0x00, 0x01]
        expectInBothRoles([more], gives: [.error(.frameTooBig(size: 16_777_217, limit: 16_777_216))])
    }
}
