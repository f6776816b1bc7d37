import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct WebSocketConfigurationTests {
    @Test func defaults() {
        let it = WebSocketConfiguration()
        #expect(it.closeTimeout == .seconds(10))
        #expect(it.receiveBuffer == 256 << 10)
        #expect(it.sendBuffer == 128 << 10)
        #expect(it.maxSendBuffer == 16 << 20)
        #expect(it.limits.maxMessageSize == 16 << 20)
    }

    @Test func nanoseconds() {
        #expect(Duration.seconds(2).nanoseconds == 2_000_000_000)
        #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
        #expect(Duration.nanoseconds(7).nanoseconds == 7)
        #expect(Duration.zero.nanoseconds == 0)
        #expect(Duration.seconds(-1).nanoseconds == 0)
        #expect(Duration.milliseconds(-1).nanoseconds == 0)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
    }
}
