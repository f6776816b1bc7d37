import RealtimeCore
import Testing

struct InstantTests {
    @Test func laterAndEarlier() {
        let instant = Instant(nanoseconds: 5_000_000_000)
        #expect(instant.advanced(by: .milliseconds(1)) == Instant(nanoseconds: 5_001_000_000))
        #expect(instant.advanced(by: .seconds(-2)) == Instant(nanoseconds: 3_000_000_000))
        #expect(instant.duration(to: Instant(nanoseconds: 7_000_000_001)) == .nanoseconds(2_000_000_001))
        #expect(instant.duration(to: .start) == .seconds(-5))
        #expect(Instant.start < instant)
    }

    @Test func endsStay() {
        let last = Instant(nanoseconds: .max)
        #expect(last.advanced(by: .nanoseconds(1)) == last)
        #expect(Instant.start.advanced(by: .seconds(Int64.max)) == last)
        #expect(Instant(nanoseconds: 9).advanced(by: .nanoseconds(-10)) == .start)
        #expect(Instant.start.advanced(by: Instant.start.duration(to: last)) == last)
    }
}
