import RealtimeCore
import Testing

/// The values; how they are enforced is in `RoomLogTests.swift`.
struct LogLimitsTests {
    @Test func defaults() {
        #expect(
            LogLimits()
                == LogLimits(maxCount: 1000, maxBytes: 1_048_576, maxAge: .seconds(3600), maxMessageSize: 65_536))
    }

    /// What a place in a log takes, for a body that is a reference.
    @Test func overhead() {
        #expect(MemoryLayout<RoomMessage<[UInt8]>>.stride <= LogLimits.overhead)
    }
}
