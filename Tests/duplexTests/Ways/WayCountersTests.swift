import RealtimeCore
import Testing

@testable import duplex

@Suite struct WayCountersTests {
    private func reader(_ page: String, _ way: Way = .polling) throws -> WayReader {
        try #require(WayReader(name: "ways-\(page)-\(way.rawValue)"))
    }

    private func at(_ seconds: Int) -> RealtimeCore.Instant { .start.advanced(by: .seconds(seconds)) }

    @Test func aCounterIsTheSameEachTime() throws {
        var counters = WayCounters()
        counters.counter(of: try reader("page0001"), now: at(0)).request(100)
        counters.counter(of: try reader("page0001"), now: at(1)).request(20)
        counters.counter(of: try reader("page0001"), now: at(1)).send(7)
        let found = counters.counters(of: "page0001", now: at(2))
        #expect(found.keys.map(\.rawValue) == ["polling"])
        #expect(found[.polling]?.requests == 2)
        #expect(found[.polling]?.received == 120)
        #expect(found[.polling]?.sent == 7)
    }

    @Test func pagesAndWaysAreCountedApart() throws {
        var counters = WayCounters()
        counters.counter(of: try reader("page0001", .streaming), now: at(0)).receive(1)
        counters.counter(of: try reader("page0001", .polling), now: at(0)).receive(2)
        counters.counter(of: try reader("page0002", .polling), now: at(0)).receive(3)
        let (first, second) = (
            counters.counters(of: "page0001", now: at(0)), counters.counters(of: "page0002", now: at(0))
        )
        #expect(first[.streaming]?.received == 1)
        #expect(first[.polling]?.received == 2)
        #expect(second[.polling]?.received == 3)
        #expect(counters.counters(of: "page0003", now: at(0)).isEmpty)
        #expect(counters.count == 2)
    }

    @Test func theOneSilentForLongestMakesRoom() throws {
        var counters = WayCounters(maxPages: 2)
        _ = counters.counter(of: try reader("page0001"), now: at(0))
        _ = counters.counter(of: try reader("page0002"), now: at(1))
        // It asks, so it is not the one.
        _ = counters.counters(of: "page0001", now: at(2))
        _ = counters.counter(of: try reader("page0003"), now: at(3))
        #expect(counters.count == 2)
        #expect(counters.counters(of: "page0002", now: at(3)).isEmpty)
        #expect(!counters.counters(of: "page0001", now: at(3)).isEmpty)
        // Of one that is known no other has to go.
        _ = counters.counter(of: try reader("page0001", .streaming), now: at(4))
        #expect(counters.count == 2)
    }

    @Test func whoAsksForNothingIsForgotten() throws {
        var counters = WayCounters(maxAge: .seconds(10))
        _ = counters.counter(of: try reader("page0001"), now: at(0))
        _ = counters.counter(of: try reader("page0002"), now: at(5))
        #expect(!counters.counters(of: "page0001", now: at(10)).isEmpty)
        #expect(!counters.counters(of: "page0001", now: at(20)).isEmpty)
        #expect(counters.count == 1)
        #expect(counters.counters(of: "page0001", now: at(31)).isEmpty)
        #expect(counters.count == 0)
    }

    @Test func aPageThatHasAskedJustNowIsOpen() throws {
        var counters = WayCounters()
        _ = counters.counter(of: try reader("page0001"), now: at(0))
        _ = counters.counter(of: try reader("page0002"), now: at(5))
        #expect(counters.openCount(now: at(10)) == 2)
        #expect(counters.openCount(now: at(11)) == 1)
        _ = counters.counters(of: "page0001", now: at(11))
        #expect(counters.openCount(now: at(12)) == 2)
        #expect(counters.openCount(now: at(60)) == 0)
        #expect(counters.count == 2)
    }
}
