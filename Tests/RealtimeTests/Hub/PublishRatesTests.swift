import RealtimeCore
import Testing
import WebSocketNIO

@testable import Realtime

@Suite struct PublishRatesTests {
    private func member(_ number: Int) throws -> MemberID { try MemberID("m\(number)") }

    private struct Rates {
        let rates: PublishRates<MemberID>
        var count: Int { self.rates.count }

        init(most: Int = 100) { self.rates = PublishRates(most: most) }

        /// One a second, two at once.
        func take(_ member: MemberID, now: UInt64) -> Bool {
            self.rates.take(member, full: TokenBucket(rate: 1, burst: 2), now: now)
        }
    }

    @Test func eachMemberHasItsOwn() throws {
        let rates = Rates()
        let (ann, bob) = (try self.member(1), try self.member(2))
        #expect(rates.take(ann, now: 0) && rates.take(ann, now: 0) && !rates.take(ann, now: 0))
        #expect(rates.take(bob, now: 0))
        #expect(rates.take(ann, now: 1_000_000_000) && !rates.take(ann, now: 1_000_000_000))
    }

    @Test func forgetsThoseWhoAreQuiet() throws {
        let rates = Rates(most: 3)
        let members = try (0...5).map { try self.member($0) }
        for number in 1...3 { #expect(rates.take(members[number], now: 0)) }
        #expect(rates.count == 3)
        // One that is not counted, since all others are busy; they are counted as before.
        for _ in 1...5 { #expect(rates.take(members[4], now: 0)) }
        #expect(rates.count == 3)
        #expect(rates.take(members[1], now: 0) && !rates.take(members[1], now: 0))
        // A second later those who have their two again are forgotten, and the other is not.
        #expect(rates.take(members[5], now: 1_000_000_000))
        #expect(rates.count == 2)
        #expect(rates.take(members[1], now: 1_000_000_000) && !rates.take(members[1], now: 1_000_000_000))
    }
}
