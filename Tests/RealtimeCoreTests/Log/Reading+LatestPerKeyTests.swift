import RealtimeCore
import TestSupport
import Testing

struct ReadingLatestPerKeyTests {
    @Test func onlyTheNewestOfEachKey() throws {
        var log = RoomLog<Int>(epoch: Epoch(random: 7))
        let (red, blue) = (try MessageKey("red"), try MessageKey("blue"))
        for (number, key) in [red, nil, blue, red, nil, red].enumerated() {
            try log.append(number, size: 1, key: key, now: .start)
        }
        let all = log.read(.oldest)
        let latest = all.latestPerKey()
        #expect(latest.messages.map(\.body) == [1, 2, 4, 5])
        #expect(latest.skipped == 2)
        #expect(latest.position == all.position)
        #expect(latest.start == all.start)
        #expect(latest.latestPerKey() == latest)
        #expect(all.skipped == 0)
        let page = log.read(.oldest, limit: 4).latestPerKey()
        #expect(page.messages.map(\.body) == [1, 2, 3])
        #expect(page.hasMore)
    }

    @Test func aPartOfThemIsReadOnFromItsEnd() throws {
        var log = RoomLog<Int>(epoch: Epoch(random: 7))
        let keys = try ["a", "b", "c"].map { try MessageKey($0) }
        for number in 0..<9 { try log.append(number, size: 10, key: keys[number % 3], now: .start) }
        let all = log.read(.oldest)
        #expect(all.latestPerKey(limit: 3, maxBytes: 30) == all.latestPerKey())
        let two = all.latestPerKey(limit: 2, maxBytes: .max)
        #expect(two.messages.map(\.body) == [6, 7])
        #expect(two.position.offset == 8)
        #expect(two.hasMore)
        #expect(two.skipped == 6)
        #expect(all.latestPerKey(limit: 9, maxBytes: 29) == two)
        #expect(all.latestPerKey(limit: 9, maxBytes: 0).messages.map(\.body) == [6])
        let rest = log.read(.after(two.position)).latestPerKey(limit: 2, maxBytes: .max)
        #expect(rest.messages.map(\.body) == [8])
        let none = all.latestPerKey(limit: 0, maxBytes: .max)
        #expect(none.messages.isEmpty)
        #expect(none.position == all.start)
    }

    /// The end of what was left; the rest of it counts as left out only behind the start.
    @Test func newest() throws {
        var log = RoomLog<Int>(epoch: Epoch(random: 7))
        for (number, key) in ["a", "b", "a", nil, "b", "c"].enumerated() {
            try log.append(number, size: 1, key: try key.map { try MessageKey($0) }, now: .start)
        }
        let all = log.read(.oldest).latestPerKey()
        #expect(all.messages.map(\.body) == [2, 3, 4, 5])
        let two = all.newest(2)
        #expect(two.messages.map(\.body) == [4, 5])
        #expect((two.start.offset, two.position.offset, two.skipped) == (4, 6, 0))
        let three = all.newest(3)
        #expect((three.start.offset, three.messages.count, three.skipped) == (3, 3, 0))
        #expect(all.newest(4) == all)
        let none = all.newest(0)
        #expect(none.messages.isEmpty)
        #expect((none.start.offset, none.skipped) == (6, 0))
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func likeTheNaiveOne(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var log = RoomLog<Int>(epoch: Epoch(random: 7))
        for number in 0..<random.below(60) {
            let key = random.oneIn(3) ? nil : try MessageKey(String(random.below(5)))
            try log.append(number, size: 1, key: key, now: .start)
        }
        let all = log.read(.oldest)
        let expected = all.messages.filter { message in
            message.key == nil || !all.messages.contains { $0.key == message.key && $0.offset > message.offset }
        }
        let latest = all.latestPerKey()
        #expect(latest.messages == expected)
        #expect(latest.skipped == all.messages.count - expected.count)
    }
}
